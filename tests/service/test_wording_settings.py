"""The settings of the optional language model: off by default, refused in one Chinese line where they are wrong."""

from __future__ import annotations

import pytest

from service.errors import SettingsError
from service.settings import WordingSettings, wording_from


def test_without_an_address_there_is_none() -> None:
    assert wording_from({}) is None
    assert wording_from({"BIAOCHI_LLM_URL": " ", "BIAOCHI_LLM_MODEL": "x", "BIAOCHI_LLM_KEY": "y"}) is None


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"MODEL": ""}, "BIAOCHI_LLM_MODEL"),
        ({"MODEL": "x\ny"}, "BIAOCHI_LLM_MODEL"),
        ({"URL": "ftp://127.0.0.1/v1"}, "BIAOCHI_LLM_URL"),
        ({"URL": "file:///etc/passwd"}, "BIAOCHI_LLM_URL"),
        ({"URL": "127.0.0.1:8000"}, "BIAOCHI_LLM_URL"),
        ({"URL": "http://127.0.0.1:99999/v1"}, "BIAOCHI_LLM_URL"),
        ({"URL": "http://me:secret@127.0.0.1/v1"}, "BIAOCHI_LLM_URL"),
        ({"URL": "http://127.0.0.1/v1?key=secret"}, "BIAOCHI_LLM_URL"),
        ({"URL": "http://127.0.0.1/v1\r\nX: y"}, "BIAOCHI_LLM_URL"),
        ({"KEY": "a\r\nX: secret"}, "BIAOCHI_LLM_KEY"),
        ({"TIMEOUT": "0"}, "BIAOCHI_LLM_TIMEOUT"),
        ({"TIMEOUT": "十"}, "BIAOCHI_LLM_TIMEOUT"),
        ({"BUDGET": "nan"}, "BIAOCHI_LLM_BUDGET"),
        ({"BUDGET": "inf"}, "BIAOCHI_LLM_BUDGET"),
    ],
)
def test_a_wrong_setting_is_one_chinese_line(changes: dict[str, str], names: str) -> None:
    env = {"URL": "http://127.0.0.1:8000/v1", "MODEL": "x", **changes}
    with pytest.raises(SettingsError) as caught:
        wording_from({f"BIAOCHI_LLM_{name}": text for name, text in env.items()})
    assert names in caught.value.message
    assert "\n" not in caught.value.message
    assert "secret" not in caught.value.message


def test_the_defaults_are_ten_seconds_a_request_and_a_minute_a_check() -> None:
    found = wording_from({"BIAOCHI_LLM_URL": "https://host/v1", "BIAOCHI_LLM_MODEL": "x"})
    assert found == WordingSettings(url="https://host/v1", model="x", key="", timeout=10.0, budget=60.0)
