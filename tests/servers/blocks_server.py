"""The part of Prefect's API that blocks are loaded from, over a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import prefect


class BlocksServer:
    """Serves block documents by their type's slug, and forgets a type when it is told to."""

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        self.documents = dict(documents)
        self.url = ""

    def answer(self, path: str) -> dict[str, Any] | str | None:
        """Return a document or a type, or None where there is none."""
        match path.partition("?")[0].removeprefix("/api/").split("/"):
            case ["health"]:
                return "well"
            case ["admin", "version"]:
                return prefect.__version__
            case ["block_types", "slug", slug, "block_documents", "name", name]:
                found = self.documents.get(slug)
                return found if found is not None and found["name"] == name else None
            case ["block_types", "slug", slug] if slug in self.documents:
                return dict(self.documents[slug]["block_type"])
        return None

    def delete(self, path: str) -> bool:
        """Forget the type with the id that ends a path; return whether there was one."""
        for slug, document in self.documents.items():
            if path == f"/api/block_types/{document['block_type_id']}":
                del self.documents[slug]
                return True
        return False

    @contextmanager
    def running(self) -> Iterator[BlocksServer]:
        """Serve while the context lasts."""
        blocks = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                found = blocks.answer(self.path)
                self._send(404 if found is None else 200, found or {"detail": "not found"})

            def do_DELETE(self) -> None:
                self._send(204 if blocks.delete(self.path) else 404, None)

            def _send(self, status: int, content: object) -> None:
                body = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/api"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
