"""The saved text of a page as what stands on it, in order: lines, and tables in the forms in which they are saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,80}")
TYPE = re.compile(
    r"(?:Array of (?P<array>[\w.-]+?)s?(?: objects?)?|(?:List|Array)<(?P<list>[\w.-]+)>"
    r"|(?P<brackets>[\w.-]+)\[\]|(?P<map>Map<.*>)"
    r"|(?P<named>[\w.-]+)(?: objects?| ?结构体| struct(?:ure)?)"
    r"|(?P<plain>String|Integer|int|int32|int64|Long|Number|Float|Double|Boolean|Bool|Object|JSONObject|Date|DateTime"
    r"|Array|JSONArray|List))",
    re.IGNORECASE,
)
REQUIRED = dict.fromkeys(("是", "必需", "必选", "必填", "yes", "mandatory", "required", "y", "true"), True) | dict.fromkeys(
    ("否", "可选", "选填", "no", "optional", "n", "false"), False
)
_COLUMNS = {
    "required": r"是否必[选填须需]|必[需选]/可选|required(/optional)?|mandatory(/optional)?|optional",
    "location": r"位置.*|.*location.*|in|参数位置",
    "type": r"(参数|数据|字段)?类型|(data |parameter )?type",
    "status": r"(HTTP ?)?状态码|(HTTP )?status( code)?",
    "code": r"代码|错误码|返回码|(error |return )?code",
    "message": r"错误信息|错误消息|(error )?(message|information)",
    "name": r"参数(名称?)?|名称|字段(名称?)?|(parameter|field|attribute)?( ?name)?|parameter|field",
    "text": r"描述|说明|含义|参数说明|description|meaning",
}
_RULE = re.compile(r"\|?\s*:?-{3,}:?\s*(\|\s*:?-{3,}:?\s*)*\|?")


@dataclass
class Table:
    """A table: the lines before it, back to the table before; its columns as they are named above; rows of cells."""

    before: list[str]
    columns: list[str]
    rows: list[dict[str, str]] = field(default_factory=list)


def column(text: str) -> str:
    """What a column's heading says that it holds; "" for no heading of ours."""
    plain = " ".join(text.split())
    return next((kind for kind, form in _COLUMNS.items() if plain and re.fullmatch(form, plain, re.IGNORECASE)), "")


def tables(text: str) -> tuple[list[Table], list[str]]:
    """The tables of a page in order, and the lines after the last one."""
    lines = [line.strip().rstrip("¶").rstrip() for line in text.splitlines()]
    result: list[Table] = []
    before: list[str] = []
    index = 0
    while index < len(lines):
        table, after = _table_at(lines, index)
        if table is None:
            before += [lines[index]] if lines[index] else []
            index += 1
        else:
            table.before, before = before, []
            result.append(table)
            index = after
    return result, before


def _table_at(lines: list[str], index: int) -> tuple[Table | None, int]:
    """The table that begins at a line, in any of its forms, and the line after it."""
    for form in (_in_lines, _in_cells, _in_paragraphs):
        table, after = form(lines, index)
        if table is not None:
            return table, after
    return None, index


def _in_lines(lines: list[str], index: int) -> tuple[Table | None, int]:
    """A row is a line: cells between bars or tabs."""
    columns = [column(cell) for cell in _cells(lines[index])]
    if len(columns) < 2 or not columns[0] or columns.count("") > len(columns) // 2:
        return None, index
    table, index = Table([], columns), index + 1
    while index < len(lines) and (len(cells := _cells(lines[index])) >= 2 or _RULE.fullmatch(lines[index] or "x")):
        if not _RULE.fullmatch(lines[index]):
            table.rows.append(_row(columns, cells))
        index += 1
    return (table, index) if table.rows else (None, index)


def _cells(line: str) -> list[str]:
    if "\t" in line:
        return [cell.strip() for cell in line.split("\t")]
    if "|" not in line.strip("|"):
        return []
    return [cell.strip() for cell in line.strip("|").split("|")]


def _in_cells(lines: list[str], index: int) -> tuple[Table | None, int]:
    """A cell is a line or more, the last of which ends with a bar; a rule stands below the heading."""
    headings: list[str] = []
    start = index
    while index < len(lines) and lines[index].endswith("|") and not _RULE.fullmatch(lines[index]):
        headings.append(lines[index].removesuffix("|").strip())
        index += 1
    if (
        not headings
        or index == len(lines)
        or not _RULE.fullmatch(lines[index])
        or lines[index].count("---") != len(headings)
    ):
        return None, start
    table, index = Table([], [column(heading) for heading in headings]), index + 1
    while (row := _cells_from(lines, index, len(headings))) is not None:
        cells, index = row
        table.rows.append(_row(table.columns, cells))
    return table, index


def _cells_from(lines: list[str], index: int, count: int) -> tuple[list[str], int] | None:
    """The next row; None where the table has ended: a row's first cell is one line."""
    cells: list[str] = []
    if index >= len(lines) or not lines[index].endswith("|") or _heads_a_table(lines, index, count):
        return None
    while len(cells) < count:
        parts: list[str] = []
        while index < len(lines) and not lines[index].endswith("|"):
            parts.append(lines[index])
            index += 1
        if index == len(lines):
            return None
        cells.append(" ".join([*parts, lines[index].removesuffix("|").strip()]).strip())
        index += 1
    return cells, index


def _heads_a_table(lines: list[str], index: int, count: int) -> bool:
    """Whether another table's heading begins here: a rule stands below it."""
    return any(_RULE.fullmatch(line) and "---" in line for line in lines[index + 1 : index + 1 + max(count, 6)]) and bool(
        column(lines[index].removesuffix("|"))
    )


def _in_paragraphs(lines: list[str], index: int) -> tuple[Table | None, int]:
    """A cell is a paragraph, and empty ones are lost: the type of a parameter, or a status, tells rows apart."""
    columns: list[str] = []
    start = index
    while index < len(lines) and columns[-1:] != ["text"] and (not lines[index] or column(lines[index])):
        if lines[index] and columns != [column(lines[index])]:  # a section has the name of its table's first column
            columns.append(column(lines[index]))
        index += 1
    if len(columns) < 2 or columns[0] not in ("name", "status", "code"):
        return None, start
    table = Table([], columns)
    filled = [(at, line) for at, line in enumerate(lines[index:], index) if line]
    at = 0
    while at < len(filled):
        row, used = _paragraph_row(columns, [line for _, line in filled[at : at + 5]])
        if row is not None:
            table.rows.append(row)
            at += used
        elif not table.rows or _ends(filled[at][1]):
            break
        else:
            table.rows[-1]["text"] = f"{table.rows[-1].get('text', '')} {filled[at][1]}".strip()
            at += 1
    return (table, filled[at][0] if at < len(filled) else len(lines)) if table.rows else (None, start)


_END = re.compile(
    r"(表\s?\d+|Table \d+).*|.*(状态码|status code)\s*[::].*|[{\[<].*"
    r"|(请求|响应|返回|错误|状态|相关|Request|Response|Error|Example|Status)[^。.,,;;]{0,12}",
    re.IGNORECASE,
)


def _ends(line: str) -> bool:
    return bool(_END.fullmatch(line) or column(line))


def _paragraph_row(columns: list[str], cells: list[str]) -> tuple[dict[str, str] | None, int]:
    if columns[0] != "name":
        has_code = re.fullmatch(r"[\w.]*\d{3}[\w.]*", cells[0])
        return (dict(zip(columns, cells, strict=False)), min(len(columns), len(cells))) if has_code else (None, 0)
    if not NAME.fullmatch(cells[0]) or TYPE.fullmatch(cells[0]):
        return None, 0
    row = {"name": cells[0]}
    for used, cell in enumerate(cells[1:4], 2):
        if cell.lower() in REQUIRED:
            row["required"] = cell
        elif cell.lower() in ("path", "query", "header", "body"):
            row["location"] = cell
        elif TYPE.fullmatch(cell):
            return {**row, "type": cell}, used
        else:
            break
    return None, 0


def _row(columns: list[str], cells: list[str]) -> dict[str, str]:
    return {kind: cell for kind, cell in zip(columns, cells, strict=False) if kind}


def sections(every: list[Table]) -> Iterator[tuple[str, str, Table]]:
    """Each table with the part of the page that it belongs to (uri, request, response) and the status said before it."""
    part, status = "uri", ""
    for table in every:
        for line in table.before:
            if re.match(r"响应|返回(参数|消息|结果)|Response|Return", line, re.IGNORECASE):
                part, status = "response", ""
            elif re.match(r"请求(参数|消息|Header|Body|头|体)|Request (Param|Header|Body|Message)", line, re.IGNORECASE):
                part = "request"
            marked = re.search(r"(?:状态码|Status Code)\s*[::]\s*(\d{3})", line, re.IGNORECASE)
            status = marked[1] if marked else status
        yield part, status, table
