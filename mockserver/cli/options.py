"""The command-line options of settings, made from `settings.TABLE`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..setting_values import parse_option, settings_from
from ..settings import TABLE, Row, Settings


def add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Add the options of these settings to a command."""
    for row in TABLE:
        if row.name in names:
            _add_setting(parser, row)


_SERVER_OPTION_HELP = {
    "host": "Address of the server.",
    "port": "Port of the server.",
    "tls": "The server speaks HTTPS.",
    "tls_cert": "The server's certificate, or the chain that it ends in (PEM).",
    "control_token": "The token that the server's control API wants.",
}


def add_server(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add the options that say where a running server is, and those of the settings `names`."""
    for row in TABLE:
        if row.name in ("host", "port", "tls", "tls_cert", *names):
            _add_setting(parser, replace(row, help=_SERVER_OPTION_HELP.get(row.name, row.help)))


def _add_setting(parser: argparse.ArgumentParser, row: Row) -> None:
    default = getattr(Settings(), row.name)
    if row.kind == "bool":
        parser.add_argument(row.option, action=argparse.BooleanOptionalAction, help=f"{row.help} (default: {default})")
        return
    default_text = f" (default: {default})" if row.kind in ("str", "int", "float") and default != "" else ""
    is_repeatable = row.kind in ("list", "pairs")
    metavar = "{" + ",".join(row.choices) + "}" if row.choices else row.parts if is_repeatable else row.name.upper()
    parser.add_argument(
        row.option,
        dest=row.name,
        action="append" if is_repeatable else "store",
        metavar=metavar,
        help=row.help + default_text + (" Repeatable." if is_repeatable else ""),
    )


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings: options first, then environment variables, then pyproject.toml. Raises InputError."""
    return settings_from({row.name: _from_option(row, getattr(options, row.name, None)) for row in TABLE})


def _from_option(row: Row, value: Any) -> Any:
    if value is None or row.kind == "bool":
        return value
    if row.kind == "list":
        return tuple(value)
    if row.kind == "pairs":
        merged: dict[str, str] = {}
        for item in value:
            merged |= parse_option(row, item)
        return merged
    return parse_option(row, value)
