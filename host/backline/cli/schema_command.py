"""Print the JSON Schema of a document, for editors and checkers.

This module knows which documents have a schema. It does not know what stands in one (`backline.formats.schema`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import JsonOption, UsageError, print_json

app = typer.Typer()

DOCUMENTS = ("preset",)


@app.command()
def schema(
    document: Annotated[str, typer.Argument(help=f"Which document: {', '.join(DOCUMENTS)}.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file instead of the terminal.")] = None,
    json: JsonOption = False,
) -> None:
    """Print the JSON Schema of a document. An editor takes it from a first line `# yaml-language-server: $schema=FILE`."""
    if document not in DOCUMENTS:
        raise UsageError(f'there is no schema of "{document}"; there is one of {", ".join(DOCUMENTS)}')
    from ..formats.schema import shipped_schema

    text = shipped_schema(document)
    if output is None:
        print(text, end="")
        return
    from ..formats.atomic import whole_file

    with whole_file(output) as part:
        part.write_text(text, encoding="utf-8")
    if json:
        print_json({"document": document, "file": output})
