"""Where the description of the APIs is had: /api for people, /api/<name>.json for machines."""

import hashlib
from base64 import b64encode
from functools import cache
from html import escape
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tamamo.context.description import document
from tamamo.context.description.document import DOORS, Door

PATH: Final = "/api"
_LASTING: Final = {"Cache-Control": "public, max-age=300"}

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem;
  overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-top: 1px solid #8888; }
code { font-size: .95em; }
"""
_STYLE_HASH: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: The page is one file with its style in it, and nothing else.
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>API — Tamamo</title>
<style>{style}</style>
</head>
<body>
<h1>API <span lang="en">— what programs can ask of this platform</span></h1>
<p>プログラムからこの基盤を使うための窓口の一覧です。まちが公開しているデータの読み取りには、
鍵は要りません。公開していないデータと、「鍵」とある操作には、
<code>Authorization: Bearer &lt;鍵&gt;</code> が要ります。鍵は、機器の鍵か、
<code>/oauth/token</code> で受け取るトークンです。詳しい定義はOpenAPI 3.1のファイルにあります。</p>
<p lang="en">The doors for programs. What a town shows to everybody is read without a key; the rest,
and whatever is marked 鍵 (key), needs <code>Authorization: Bearer &lt;key&gt;</code>: the key of a
device, or a token from <code>/oauth/token</code>. The OpenAPI 3.1 files say it all in detail.</p>
{doors}
</body>
</html>
"""
_DOOR: Final = """<h2>{title}: <code>{prefix}</code></h2>
<p><a href="{path}/{name}.json">{path}/{name}.json</a> (OpenAPI 3.1)</p>
<table>
<thead><tr><th scope="col">操作 <span lang="en">Operation</span></th>
<th scope="col">内容 <span lang="en">What it does</span></th></tr></thead>
<tbody lang="en">
{rows}
</tbody>
</table>
"""


def _row(door: Door, path: str, method: str, operation: document.AnyOperation) -> str:
    key = " 鍵" if document.facts_of(operation, method).needs_key else ""
    summary = escape(document.summary_of(operation))
    return f"<tr><td><code>{method} {escape(path)}</code>{key}</td><td>{summary}</td></tr>"


@cache
def _page() -> bytes:
    doors = [
        _DOOR.format(
            title=door.title,
            prefix=door.prefix,
            name=door.name,
            path=PATH,
            rows="\n".join(_row(door, *found) for found in document.operations(door)),
        )
        for door in DOORS
    ]
    return _PAGE.format(style=_STYLE, doors="\n".join(doors)).encode()


async def page(_: Request) -> Response:
    """Answer with the page for people."""
    headers = {**_LASTING, "Content-Security-Policy": _POLICY}
    return Response(_page(), 200, headers, "text/html; charset=utf-8")


def _description(door: Door) -> Route:
    async def describe(_: Request) -> Response:
        return Response(orjson.dumps(document.build(door)), 200, _LASTING, "application/json")

    return Route(f"{PATH}/{door.name}.json", describe)


routes = [Route(PATH, page), Route(f"{PATH}/", page), *map(_description, DOORS)]
