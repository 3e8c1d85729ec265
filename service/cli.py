"""The command line. Every command is a thin face of `service.pipeline`."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

import click

from service.cli_text import ChineseGroup, usage_line
from service.errors import BiaochiError

USABLE = 0
UNUSABLE = 2


@click.group(
    cls=ChineseGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(
    package_name="biaochi", prog_name="biaochi", message="标尺 %(version)s", help="显示版本并退出"
)
def cli() -> None:
    """标尺：检查预算项目绩效目标表，给出有依据的问题与建议。"""


def main() -> NoReturn:
    """Run the command line; every failure is one Chinese line on standard error and exit status 2."""
    from service.commands import register

    register(cli)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("已中断，未写入任何文件")
    except click.ClickException as error:
        _fail(usage_line(error))
    except BiaochiError as error:
        _fail(error.message)
    except BrokenPipeError:
        # The reader of our output has left (`| head`); there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = USABLE
    except Exception as error:
        if os.environ.get("BIAOCHI_DEBUG"):
            traceback.print_exc()
        _fail(
            f"程序内部错误（{type(error).__name__}），未写入任何文件；设置 BIAOCHI_DEBUG=1 可查看详情，请反馈给维护者"
        )
    raise SystemExit(code if isinstance(code, int) else USABLE)


def _fail(message: str) -> NoReturn:
    click.echo(f"biaochi：{' '.join(message.split())}", err=True)
    raise SystemExit(UNUSABLE)
