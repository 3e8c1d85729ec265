"""Chinese words for what click says in English."""

from __future__ import annotations

from typing import Any

import click


class _ChineseHelp:
    """Mixin: Chinese headings in help pages."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        pieces = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]
        words = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]…"}
        shown = " ".join(words.get(piece, piece) for piece in pieces)
        formatter.write_usage(ctx.command_path, shown, prefix="用法：")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under a Chinese heading."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]  # type: ignore[attr-defined]
        records = [record for option in options if (record := option.get_help_record(ctx))]
        if records:
            with formatter.section("选项"):
                formatter.write_dl(records)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the help option with a Chinese text."""
        option: click.Option | None = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = "显示帮助并退出"
        return option


class ChineseCommand(_ChineseHelp, click.Command):
    """A command with Chinese help."""


class ChineseGroup(_ChineseHelp, click.Group):
    """A group with Chinese help."""

    command_class = ChineseCommand

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        rows = [
            (name, command.get_short_help_str(60))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        ]
        with formatter.section("命令"):
            formatter.write_dl(rows)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Resolve a command name; an unknown one is told in Chinese."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            known = "、".join(self.list_commands(ctx))
            raise click.UsageError(f"没有命令「{args[0]}」，可用：{known}", ctx)
        return super().resolve_command(ctx, args)


def usage_line(error: click.ClickException) -> str:
    """Return one Chinese line for an error of the argument parser."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"，用法见 {ctx.command_path} --help" if ctx is not None else ""
    if isinstance(error, click.NoSuchOption):
        near = f"，是否为 {'、'.join(error.possibilities)}" if error.possibilities else ""
        return f"没有选项 {error.option_name}{near}{hint}"
    if isinstance(error, click.MissingParameter):
        param = error.param
        return f"缺少参数 {param.human_readable_name if param is not None else ''}{hint}"
    if isinstance(error, click.BadParameter):
        name = error.param.opts[0] if error.param is not None and error.param.opts else "参数"
        if isinstance(getattr(error.param, "type", None), click.Choice):
            return f"{name} 的取值不对，可用：{'、'.join(map(str, error.param.type.choices))}{hint}"  # type: ignore[union-attr]
        return f"{name} 的取值不对：{error.message}{hint}"
    if isinstance(error, click.BadOptionUsage):
        return f"选项 {error.option_name} 的用法不对{hint}"
    return error.format_message() + hint
