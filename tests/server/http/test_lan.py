"""`--lan`: other machines come in by TLS with a pinned certificate, by an allowed name, with a token."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.client

from heygem_server.client import Client, NoServer
from heygem_server.security.certificate import fingerprint, own_certificate, pinned_context
from heygem_server.security.host_names import HostNames, bracketed
from heygem_server.security.private_files import acl_command
from heygem_server.settings import ServerSettings

from .running import Server, running


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("lan"), lan=True, allowed_hosts=("render.studio.lan",)) as server:
        yield server


def test_a_client_that_pins_the_certificate_comes_in(lan: Server) -> None:
    with lan.client() as client:
        assert client.url.startswith("https://")
        assert client.info().scope == "admin"
        assert next(client.events()).epoch == client.info().epoch  # type: ignore[union-attr]


def test_the_socket_waits_for_a_busy_server_as_long_as_every_other_request(lan: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on a machine whose cores were all rendering was called gone after ten seconds."""
    waits: list[float] = []

    def connect(address: str, **options: Any) -> None:
        waits.append(options["open_timeout"])
        raise TimeoutError

    with lan.client() as client:
        monkeypatch.setattr(websockets.sync.client, "connect", connect)
        with pytest.raises(NoServer):
            next(client.events())
    assert waits == [60]


def test_another_certificate_with_the_same_name_is_refused_before_the_token_is_told(lan: Server, tmp_path: Path) -> None:
    other, _ = own_certificate(tmp_path, ("render.studio.lan",))
    with pytest.raises(NoServer):
        Client(lan.ready.url, lan.ready.token, context=pinned_context(other))
    with pytest.raises(NoServer):
        Client(lan.ready.url, lan.ready.token, context=ssl.create_default_context())


def test_plain_http_is_no_way_in(lan: Server) -> None:
    with pytest.raises(NoServer):
        Client(lan.ready.url.replace("https", "http"), lan.ready.token)


def test_only_allowed_names_are_answered(lan: Server) -> None:
    import http.client

    context = pinned_context(lan.settings.data_folder / "lan-certificate.pem")
    statuses = {}
    for name in ("render.studio.lan", "127.0.0.1", "evil.example", "10.0.0.5"):
        connection = http.client.HTTPSConnection("127.0.0.1", lan.ready.port, context=context, timeout=60)
        connection.request("GET", "/api/v1/info", headers={"Host": f"{name}:{lan.ready.port}"})
        statuses[name] = connection.getresponse().status
        connection.close()
    assert statuses == {"render.studio.lan": 401, "127.0.0.1": 401, "evil.example": 403, "10.0.0.5": 403}


def test_cookies_are_for_tls_alone(lan: Server) -> None:
    import http.client
    import json

    context = pinned_context(lan.settings.data_folder / "lan-certificate.pem")
    connection = http.client.HTTPSConnection("127.0.0.1", lan.ready.port, context=context, timeout=60)
    body = json.dumps({"code": lan.ready.sign_in.partition("#code=")[2]})
    connection.request("POST", "/api/v1/sign-in", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    cookie = answer.getheader("Set-Cookie") or ""
    assert "secure" in cookie.lower()
    assert cookie.startswith("__Host-heygem_session=")
    assert "path=/" in cookie.lower()
    assert "domain" not in cookie.lower()
    known = {"Cookie": cookie.partition(";")[0], "X-HeyGem-CSRF": json.loads(answer.read())["csrf"]}
    statuses = []
    for name in (known["Cookie"], known["Cookie"].removeprefix("__Host-")):
        connection.request("GET", "/api/v1/info", headers={**known, "Cookie": name})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    assert statuses == [200, 401]
    connection.close()


def test_the_certificate_stays_until_the_names_change(tmp_path: Path) -> None:
    first = fingerprint(own_certificate(tmp_path, ("a.lan",))[0])
    assert fingerprint(own_certificate(tmp_path, ("a.lan",))[0]) == first
    assert fingerprint(own_certificate(tmp_path, ("b.lan",))[0]) != first
    assert len(first) == 95
    assert (tmp_path / "lan-key.pem").stat().st_mode & 0o077 == 0


def test_a_pass_lets_another_machine_in_and_out_again_with_its_own_rights(lan: Server, tmp_path: Path) -> None:
    from heygem_server.cli import main

    data = str(lan.settings.data_folder)
    assert main(["pass", str(tmp_path / "pass.json"), "--name", "127.0.0.1", "--data", data]) == 0
    assert (tmp_path / "pass.json").stat().st_mode & 0o077 == 0
    with Client.connect(tmp_path / "pass.json") as client:
        assert client.info().scope == "page"
        assert client.new_code()
    assert main(["jobs", "--all", "--data", str(tmp_path / "pass.json")]) == 0
    (tmp_path / "pass.pem").unlink()
    with pytest.raises(NoServer, match="beside the pass"):
        Client.connect(tmp_path / "pass.json")
    assert main(["pass", str(tmp_path / "nowhere" / "pass.json"), "--data", data]) == 5


def test_on_windows_the_file_is_given_to_its_user_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command as it would be run; Windows itself was not at hand."""
    monkeypatch.setenv("USERDOMAIN", "STUDIO")
    monkeypatch.setenv("USERNAME", "ed")
    monkeypatch.setenv("SYSTEMROOT", "C:\\Windows")
    assert acl_command("C:\\x\\server.json") == [
        r"C:\Windows\System32\icacls.exe",
        "C:\\x\\server.json",
        "/inheritance:r",
        "/grant:r",
        "STUDIO\\ed:(F)",
    ]


def test_the_address_that_it_was_told_is_its_own(tmp_path: Path) -> None:
    """`--lan --host NAME` made a certificate for the machine's name alone and refused whoever asked for NAME."""
    with running(tmp_path, renders=False, lan=True, host="127.0.0.2") as server:
        assert server.ready.url == f"https://127.0.0.2:{server.ready.port}"
        assert server.ready.url in server.ready.elsewhere
        context = pinned_context(server.settings.data_folder / "lan-certificate.pem")
        context.check_hostname = True
        with Client(server.ready.url, server.ready.token, context=context) as client:
            assert client.info().scope == "admin"


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"host": "render.lan"}, ("MACHINE", "render.lan")),
        ({"host": "10.0.0.5", "allowed_hosts": ("a.lan",)}, ("a.lan", "10.0.0.5")),
        ({"host": "a.lan", "allowed_hosts": ("a.lan", "b.lan")}, ("a.lan", "b.lan")),
        ({"host": "fe80::1%eth0"}, ("MACHINE", "fe80::1")),
        ({"host": "0.0.0.0"}, ("MACHINE",)),
        ({"host": "::"}, ("MACHINE",)),
        ({}, ("MACHINE",)),
        ({"lan": False}, ()),
    ],
)
def test_the_names_of_a_server(settings: dict[str, Any], names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "MACHINE")
    found = ServerSettings(**{"lan": True, "data_folder": tmp_path, **settings})
    assert sorted(found.names) == sorted(names)
    HostNames(8437, secure=True, extra=found.names).check_host(f"{bracketed(names[-1])}:8437" if names else "localhost:8437")
