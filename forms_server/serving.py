"""Owns running the forms and delivery together in one process, until somebody stops it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from forms_server.delivery import Delivery, Loop
from forms_server.house import House
from forms_server.messaging import Door
from workbook.errors import PartnerBookError


class PortTaken(PartnerBookError):
    """Nothing can listen on this address."""

    def __init__(self, host: str, port: int, why: str):
        super().__init__(f"无法在 {host}:{port} 上开放表单（{why}）。请用 --port 换一个端口。")


def evaluate(path: Path, delivery: Delivery) -> None:
    """Evaluate the workbook as its one writer; what cannot be scored is in the findings of `check`, no failure here."""
    from workbook.evaluating import evaluate_file

    evaluate_file(path, step=lambda name: delivery.hold() if name == "checked" else None)


def run_server(
    house: House, host: str, port: int, ready: Callable[[str], None], doors: Sequence[Door] = (), origins: Sequence[str] = ()
) -> None:  # fmt: skip
    """Serve until interrupted; `ready` gets the address when requests are answered. Port 0 takes any free one.

    With `doors`, messages go out through them; without any, none do. Pages of `origins` may ask `/api/v1`.

    Raises:
        PortTaken: the address is in use or not ours.
    """
    from waitress.server import create_server

    from forms_server.app import ServerSettings, create_app
    from forms_server.couriers import Courier
    from forms_server.survey_pages import NoLinks

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(NoLinks())
    settings = ServerSettings(secret=house.secret, data=house.data, origins=tuple(origins))
    app = create_app(settings, house.inbox)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise PortTaken(host, port, error.strerror or str(error)) from error
    server = create_server(
        app,
        sockets=[listener],
        threads=8,
        ident=None,
        max_request_body_size=settings.max_body,
        clear_untrusted_proxy_headers=True,
    )
    loop = Loop(house.delivery, evaluate=lambda path: evaluate(path, house.delivery))
    house.delivery.run()
    loop.start()
    courier = Courier(house, doors) if doors else None
    if courier:
        courier.start()
    shown = f"[{host}]" if ":" in host else host
    ready(f"http://{shown}:{listener.getsockname()[1]}/")
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        if courier:
            courier.stop()
        loop.stop()
        server.close()
