"""A draft of an OpenAPI document from the saved text of a vendor's page: tables, examples, error codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError
from .page_examples import add_example, json_examples, query_examples
from .page_schemas import Schema, Structures, parameter_schema
from .page_text import REQUIRED, Table, sections, tables

_CALL = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD)\s+(?:https?://)?(?:\{[^}/]+\}|[\w.-]+)?(/[^\s?|]*)(?:\?\S*)?")
_LOCATIONS = {"path": "path", "query": "query", "header": "header", "body": "body", "uri": "path", "路径": "path"}
_SKIPPED = ("content-type", "accept", "content-length", "host")
_CREDENTIALS = ("x-auth-token", "authorization", "x-sdk-date", "apim-accesstoken")
_CODES = re.compile(r"(error_?|err_?|status_?)?code", re.IGNORECASE)
_MESSAGES = re.compile(r"(error_?|err_?|status_?)?(msg|message)", re.IGNORECASE)
_SDK_REQUEST = re.compile(r"\bnew ([A-Z]\w+)Request\(\)")


def draft_of_page(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The draft, and its gaps in words. Raises InputError for a file that can't be read, or names no call."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read {path}: {error}") from None
    call_match = _CALL.search(text)
    if call_match is None:
        raise InputError(f"{path} names no call; allowed: a page with a line such as GET /v1/{{project_id}}/jobs/{{job_id}}")
    return _Draft(text, path.stem, call_match[1], call_match[2]).document()


class _Draft:
    """One page on its way to a document."""

    def __init__(self, text: str, stem: str, method: str, path: str) -> None:
        self._text, self._method, self._path = text, method, path
        self._tables, _ = tables(text)
        self._structures = Structures(self._tables)
        self._requests, self._answers = json_examples(text)
        self._gaps: list[str] = []
        self._credentials: dict[str, Any] = {}
        lines = (line.strip().rstrip("¶") for line in text.splitlines())
        self._title = next((line for line in lines if line and not re.match(r"更新时间|Updated", line)), stem)

    def document(self) -> tuple[dict[str, Any], list[str]]:
        parameters, body = self._request_parts()
        operation: dict[str, Any] = {"operationId": self._id(), "summary": self._title, "parameters": parameters}
        operation |= {"requestBody": body} if body else {}
        operation["responses"] = self._responses()
        document = {
            "openapi": "3.1.0",
            "info": {"title": self._title, "version": "0"},
            "x-sources": {"page": {"title": self._title}},
            "x-provenance": {"kind": "documented", "source": "page"},
            "paths": {self._path: {self._method.lower(): operation}},
        }
        if self._credentials:
            operation["security"] = [{name: [] for name in self._credentials}]
            document["components"] = {"securitySchemes": self._credentials}
        end = "which values end a job, and how long it takes, no page says: `mockserver init` proposes it"
        return document, [*dict.fromkeys(self._gaps), end]

    def _id(self) -> str:
        request_class = _SDK_REQUEST.search(self._text)
        if request_class:
            return request_class[1]
        path_words = re.findall(r"[A-Za-z]+", re.sub(r"{[^}]*}", "", self._path))
        words = re.findall(r"[A-Za-z]+", self._title) or [self._method.lower(), *path_words]
        first: str = words[0].lower()
        return first + "".join(word.capitalize() for word in words[1:])

    def _request_parts(self) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """The parameters, and the body."""
        parameters: dict[tuple[str, str], dict[str, Any]] = {}
        bodies: list[Table] = []
        for part, _, table in sections(self._tables):
            if part == "response" or "name" not in table.columns or "type" not in table.columns:
                continue
            if self._is_body(part, table):
                bodies.append(table)
                continue
            for row in table.rows:
                place = self._location(part, row)
                if place == "body":
                    bodies.append(Table(table.before, table.columns, [row]))
                elif row["name"].lower() in _CREDENTIALS:
                    self._credentials[row["name"]] = {"type": "apiKey", "in": "header", "name": row["name"]}
                elif not (place == "header" and row["name"].lower() in _SKIPPED):
                    parameters[(place, row["name"])] = self._parameter_of_row(place, row)
        names = {name for _, name in parameters}
        for name, value in query_examples(self._text).items():
            if name not in names:
                schema = {"type": "integer" if re.fullmatch(r"\d{1,9}", value) else "string"}
                parameters[("query", name)] = {"name": name, "in": "query", "required": False, "schema": schema}
                self._gaps.append(f"query {name}: only in the example request; whether it is required is not said")
        if not parameters:
            self._gaps.append("no parameters were found")
        return list(parameters.values()), self._body_schema(bodies)

    def _is_body(self, part: str, table: Table) -> bool:
        """Whether a table is of the request's body: as a heading says, or as all that isn't about headers."""
        before = " ".join(table.before[-3:])
        if re.search(r"body|请求体|消息体", before, re.IGNORECASE) and "location" not in table.columns:
            return True
        may_be_body = "location" not in table.columns and not re.search(
            r"header|query|path|uri|头|路径", before, re.IGNORECASE
        )
        has_headers = any(row["name"].lower().startswith(("x-", "content-")) for row in table.rows)
        return part == "request" and may_be_body and not has_headers and self._method in ("POST", "PUT", "PATCH")

    def _location(self, part: str, row: dict[str, str]) -> str:
        if "{" + row["name"] + "}" in self._path:
            return "path"
        location = row.get("location", "").lower()
        return _LOCATIONS.get(
            location, location if location == "cookie" else "header" if part == "request" and not location else "query"
        )

    def _parameter_of_row(self, place: str, row: dict[str, str]) -> dict[str, Any]:
        required = REQUIRED.get(row.get("required", "").lower())
        if required is None and place != "path":
            self._gaps.append(f"{place} {row['name']}: whether it is required is not said")
        return {
            "name": row["name"],
            "in": place,
            "required": place == "path" or bool(required),
            "schema": parameter_schema(row),
            **({"description": row["text"]} if row.get("text") else {}),
        }

    def _body_schema(self, bodies: list[Table]) -> dict[str, Any] | None:
        if not bodies and not self._requests:
            return None
        schema = self._structures.object_of(bodies) if bodies else {"type": "object"}
        for value in self._requests[:1]:
            self._gaps += [f"request {difference}" for difference in add_example(schema, value)]
        examples = {"documented": {"value": self._requests[0]}} if self._requests else {}
        return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}

    def _responses(self) -> dict[str, Any]:
        """The answers by status: from the tables of members, of statuses and of error codes, and from the examples."""
        responses: dict[str, Any] = dict(self._statuses())
        answers: dict[str, list[Table]] = {}
        for part, status, table in sections(self._tables):
            if part == "response" and "name" in table.columns and "type" in table.columns:
                answers.setdefault(status or "200", []).append(table)
        for status in dict.fromkeys([*answers, *self._answers]):
            schema = self._structures.object_of(answers.get(status, []))
            media: dict[str, Any] = {"schema": schema}
            if status in self._answers:
                self._gaps += [f"{status} {difference}" for difference in add_example(schema, self._answers[status])]
                media["examples"] = {"documented": {"value": self._answers[status]}}
            response = responses.setdefault(status, {"description": "OK" if status == "200" else ""})
            response["content"] = {"application/json": media}
        self._gaps += [f"no table for {name}" for name in self._structures.missing]
        if "200" not in self._answers:
            self._gaps.append("no example of an answer")
        if not any(status.startswith("2") for status in responses):
            responses["200"] = {"description": "OK"}
        self._errors(responses)
        return responses

    def _statuses(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for table in self._tables:
            for row in table.rows if "status" in table.columns and "code" not in table.columns else ():
                if re.fullmatch(r"[1-5]\d\d", row["status"]):
                    yield row["status"], {"description": row.get("text") or row.get("message", "")}

    def _errors(self, responses: dict[str, Any]) -> None:
        """The page's error codes as examples: under the status that a row names, else as what any other status says."""
        names = _error_members(responses)
        for table in self._tables:
            if "code" not in table.columns or not {"message", "text"} & set(table.columns) or "type" in table.columns:
                continue
            for row in table.rows:
                code = int(row["code"]) if row["code"].isdecimal() else row["code"]
                message = row.get("message") or row.get("text", "")
                status = row.get("status", "default")
                response = responses.setdefault(status, {"description": "An error."})
                content = response.setdefault("content", {}).setdefault("application/json", {"schema": {"type": "object"}})
                value = {names[0]: code, names[1]: message}
                list(add_example(content["schema"], value))
                example = {"value": value, **({"summary": row["text"]} if row.get("text") else {})}
                content.setdefault("examples", {})[str(code)] = example


def _error_members(responses: dict[str, Any]) -> tuple[str, str]:
    """What the members for an error's code and message are called: as in an error's table, else as in the success."""
    for _, response in sorted(responses.items(), reverse=True):
        schema: Schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        codes = [name for name in schema.get("properties", {}) if _CODES.fullmatch(name)]
        messages = [name for name in schema.get("properties", {}) if _MESSAGES.fullmatch(name)]
        if codes and messages:
            return codes[0], messages[0]
    return "code", "message"
