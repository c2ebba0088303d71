"""Limits, times and files of the security room, without a server: each bound from both of its sides."""

from __future__ import annotations

import datetime
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from heygem_core.messages import tell
from heygem_server.errors import NotAllowedFolder, NotFound, TooMany, Unauthorized
from heygem_server.security import allowed_folders, auth_rate_limit, certificate, ownership, paths, private_files, signed_addresses, tokens
from heygem_server.security.allowed_folders import AllowedFolders
from heygem_server.security.auth_rate_limit import MOST_FAILURES, AuthRateLimit, is_loopback
from heygem_server.security.certificate import own_certificate, pinned_context, server_context
from heygem_server.security.errors import BadPath
from heygem_server.security.tokens import TokenStore
from heygem_server.settings import PathMap, ServerSettings
from heygem_server.wire import ConsentWanted, Origin

NOW = 1_800_000_000.0
CODE_LIFE_S, GRANT_LIFE_S = 600.0, 30 * 86_400.0  # people are told of ten minutes and of thirty days
ELSEWHERE = "10.0.0.9"


class Now:
    """A clock in place of a module's."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def time(self) -> float:
        return self.at

    monotonic = time


# how often somebody may fail


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Now:
    now = Now()
    for module in (auth_rate_limit, allowed_folders, tokens, signed_addresses):
        monkeypatch.setattr(module, "time", now)
    return now


def fail(limit: AuthRateLimit, address: str, times: int = MOST_FAILURES) -> None:
    for _ in range(times):
        limit.failed(address)


def test_whoever_failed_too_often_is_let_in_again_when_the_minute_is_over(clock: Now) -> None:
    limit = AuthRateLimit()
    fail(limit, ELSEWHERE, MOST_FAILURES - 1)
    limit.check_before(ELSEWHERE)
    clock.at += 1
    fail(limit, ELSEWHERE, 1)
    clock.at += 58.5  # the first ones were half a second less than a minute ago
    with pytest.raises(TooMany):
        limit.check_before(ELSEWHERE)
    with pytest.raises(TooMany):
        limit.failed(ELSEWHERE)
    clock.at += 60
    limit.check_before(ELSEWHERE)
    limit.failed(ELSEWHERE)


def test_a_minute_is_a_minute(clock: Now) -> None:
    limit = AuthRateLimit()
    fail(limit, ELSEWHERE)
    clock.at += 59.9
    with pytest.raises(TooMany):
        limit.check_before(ELSEWHERE)
    clock.at = NOW + 60
    limit.check_before(ELSEWHERE)


def test_the_right_token_of_this_machine_always_passes_and_a_wrong_one_is_counted(clock: Now) -> None:
    limit = AuthRateLimit()
    fail(limit, "127.0.0.1")
    limit.check_before("127.0.0.1")
    with pytest.raises(TooMany):
        limit.failed("127.0.0.1")
    limit.failed("::1")


def test_only_so_many_addresses_are_remembered_and_whoever_failed_last_longest(clock: Now, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_rate_limit, "_MOST_ADDRESSES", 3)
    limit = AuthRateLimit()
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
        fail(limit, address, MOST_FAILURES - 1)
    limit.failed("10.0.0.1")
    limit.failed("10.0.0.4")  # the second is forgotten for it
    for address, kept in (("10.0.0.1", True), ("10.0.0.3", True), ("10.0.0.2", False)):
        if kept and address == "10.0.0.1":
            with pytest.raises(TooMany):
                limit.check_before(address)
        assert limit._recent(address) == (0 if not kept else MOST_FAILURES if address == "10.0.0.1" else MOST_FAILURES - 1)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::1%lo"])
def test_these_addresses_are_of_this_machine(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", [None, "", "localhost", "10.0.0.1", "128.0.0.1", "::2", "fe80::1%lo"])
def test_these_addresses_are_not_of_this_machine(address: str | None) -> None:
    assert not is_loopback(address)


# the certificate of --lan


@pytest.mark.parametrize(("days", "stays"), [(31, True), (29, False), (1, False), (-1, False)])
def test_a_certificate_is_renewed_a_month_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, stays: bool) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(certificate, "_LIFE_DAYS", days)
        before = own_certificate(tmp_path, ())[0].read_bytes()
    path, key = own_certificate(tmp_path, ())
    assert (path.read_bytes() == before) is stays
    server_context(path, key)  # they belong together


@pytest.mark.parametrize(("lost", "kept"), [("lan-certificate.pem", 0), ("lan-certificate.pem", 100), ("lan-key.pem", None)])
def test_a_certificate_that_cannot_be_used_any_more_is_made_again(tmp_path: Path, lost: str, kept: int | None) -> None:
    own_certificate(tmp_path, ())
    if kept is None:
        (tmp_path / lost).unlink()
    else:
        (tmp_path / lost).write_bytes((tmp_path / lost).read_bytes()[:kept])
    server_context(*own_certificate(tmp_path, ()))


def test_a_certificate_of_somebody_else_without_names_is_replaced(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=400)).sign(key, hashes.SHA256())
    (tmp_path / "lan-certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "lan-key.pem").touch()
    server_context(*own_certificate(tmp_path, ()))


def test_what_a_certificate_says(tmp_path: Path) -> None:
    from cryptography import x509

    path, _ = own_certificate(tmp_path, ("render.lan", "10.0.0.5", "localhost", "render.lan"))
    made = x509.load_pem_x509_certificate(path.read_bytes())
    known = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert known.get_values_for_type(x509.DNSName) == ["localhost", "render.lan"]
    assert sorted(map(str, known.get_values_for_type(x509.IPAddress))) == ["10.0.0.5", "127.0.0.1", "::1"]
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    assert now - 2 * day < made.not_valid_before_utc < now - day / 2, "clocks of other machines are slow"
    assert 820 * day < made.not_valid_after_utc - now <= 825 * day, "Apple's programs take none that lasts longer"
    limits = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.value.ca, limits.value.path_length, limits.critical) == (True, 0, True)
    path_bytes = path.read_bytes()
    assert own_certificate(tmp_path, ("10.0.0.5", "render.lan"))[0].read_bytes() == path_bytes, "the same names in another order"
    fewer = own_certificate(tmp_path, ("render.lan",))[0].read_bytes()
    assert fewer != path_bytes, "a name that the machine no longer has is not vouched for"


def test_a_fingerprint_is_written_as_browsers_show_it(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    path, _ = own_certificate(tmp_path, ())
    made = x509.load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256())
    assert certificate.fingerprint(path) == made.hex(":").upper()


def test_tls_of_both_sides_is_new_enough_and_a_client_wants_this_certificate_alone(tmp_path: Path) -> None:
    path, key = own_certificate(tmp_path, ())
    for context in (server_context(path, key), pinned_context(path)):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    client = pinned_context(path)
    assert (client.verify_mode, client.check_hostname) == (ssl.CERT_REQUIRED, False)
    assert len(client.get_ca_certs()) == 1


# tokens and codes


def test_a_token_ends_after_its_life_and_is_not_kept(tmp_path: Path, clock: Now) -> None:
    store = TokenStore(tmp_path / "access.json")
    grant, short = store.issue("page"), store.issue("page", ends=NOW + 10)
    assert grant.ends == NOW + GRANT_LIFE_S
    clock.at = NOW + 10
    assert store.find(short.token) == short
    clock.at = NOW + 10.1
    with pytest.raises(Unauthorized, match="ended"):
        store.find(short.token)
    assert [each.id for each in TokenStore(tmp_path / "access.json")][1:] == [grant.id], "what has ended is not read"
    other = store.issue("page")
    assert {each["id"] for each in json.loads((tmp_path / "access.json").read_text())} == {grant.id, other.id}
    clock.at = NOW + GRANT_LIFE_S + 0.1
    with pytest.raises(Unauthorized, match="ended"):
        store.find(grant.token)


def test_what_was_revoked_stays_so_after_a_restart(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "access.json")
    gone, kept = store.issue("page"), store.issue("page")
    store.revoke(gone)
    restarted = TokenStore(tmp_path / "access.json")
    store.revoke(gone)  # it does no harm
    for again in (store, restarted, TokenStore(tmp_path / "access.json")):
        assert again.find(kept.token) == kept
        with pytest.raises(Unauthorized):
            again.find(gone.token)


@pytest.mark.parametrize("content", [b"", b"{}", b"[{]", b'[{"id": 1}]'])
def test_a_damaged_file_of_tokens_is_one_without_any(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "access.json").write_bytes(content)
    store = TokenStore(tmp_path / "access.json")
    assert list(store) == [store.admin]
    grant = store.issue("page")
    assert TokenStore(tmp_path / "access.json").find(grant.token) == grant


def test_nobody_is_known_by_an_empty_name(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "access.json")
    assert store.by_id(store.admin.id) == store.admin
    for name in (None, "", "x"):
        assert store.by_id(name) is None
    for token in ("", ".", "x.y", store.admin.id, f"{store.admin.id}."):
        with pytest.raises(Unauthorized):
            store.find(token)


def test_a_printed_token_tells_no_secret(tmp_path: Path) -> None:
    admin = TokenStore(tmp_path / "access.json").admin
    assert admin.token not in repr(admin)
    assert admin.token.partition(".")[2] not in repr(admin)
    assert len(admin.token.partition(".")[2]) >= 43, "256 bits"


def test_a_code_opens_until_its_very_end_and_is_forgotten_with_the_next(tmp_path: Path, clock: Now) -> None:
    store = TokenStore(tmp_path / "access.json")
    first, second, third = (store.new_code() for _ in range(3))
    clock.at = NOW + CODE_LIFE_S
    page = store.spend_code(first)
    assert (page.scope, page.session, page.ends) == ("page", True, clock.at + GRANT_LIFE_S)
    assert len(page.csrf or "") >= 43
    with pytest.raises(Unauthorized):
        store.spend_code(first)
    clock.at = NOW + CODE_LIFE_S + 0.1
    with pytest.raises(Unauthorized):
        store.spend_code(second)
    store.new_code()
    assert third not in store._codes
    assert len(store._codes) == 1


def test_a_page_that_a_pass_signed_in_ends_with_the_pass(tmp_path: Path, clock: Now) -> None:
    store = TokenStore(tmp_path / "access.json")
    who = store.issue("page", ends=NOW + 500)
    assert store.spend_code(store.new_code(who)).ends == NOW + 500


# addresses that open a file


def test_an_address_lives_one_hour_at_least_and_two_at_most_and_opens_one_path(clock: Now) -> None:
    hour = 500_000 * 3600
    for late in (0.0, 1.0, 3599.0):
        clock.at = hour + late
        address = signed_addresses.signed(signed_addresses.sign("/a?x=1", "word"))
        assert address is not None
        assert (address.path, address.ends) == ("/a?x=1", hour + 7200)
        for at, opens in ((clock.at + 3600, True), (hour + 7200, True), (hour + 7200.1, False)):
            clock.at = at
            if opens:
                signed_addresses.check(address, "word")
            else:
                with pytest.raises(Unauthorized, match="has ended"):
                    signed_addresses.check(address, "word")
            with pytest.raises(Unauthorized):
                signed_addresses.check(address, "another word")


@pytest.mark.parametrize(
    "address", ["/a", "/a?ends=1", f"/a?ends=1&proof={'0' * 63}", f"/a?ends=1&proof={'0' * 65}", f"/a?ends={'1' * 13}&proof={'0' * 64}",
                f"/a?ends=1&proof={'G' * 64}", f"/a?ends=1&proof={'0' * 64}&", f"?ends=1&proof={'0' * 64}", f"/a?ends=１&proof={'0' * 64}"]
)  # fmt: skip
def test_what_only_looks_signed_is_not(address: str) -> None:
    assert signed_addresses.signed(address) is None


# folders that may be read


@pytest.fixture
def folders(tmp_path: Path, clock: Now) -> tuple[AllowedFolders, list[ConsentWanted]]:
    for name in ("data", "media", "takes"):
        (tmp_path / name).mkdir()
    asked: list[ConsentWanted] = []
    settings = ServerSettings(data_folder=tmp_path / "data", takes_folder=tmp_path / "takes", roots=(tmp_path / "media",))
    return AllowedFolders(settings, asked.append), asked


def test_a_page_is_asked_once_in_ten_seconds_for_each_folder(
    folders: tuple[AllowedFolders, list[ConsentWanted]], tmp_path: Path, clock: Now
) -> None:
    at, asked = folders
    wanted = tell("wanted.look")
    for name, after_s, count in (("x", 0.0, 1), ("x", 9.9, 1), ("y", 0.0, 2), ("x", 0.1, 3), ("y", 0.0, 3), ("x", 9.9, 3), ("y", 0.0, 4)):
        clock.at += after_s
        with pytest.raises(NotAllowedFolder):
            at.resolve(str(tmp_path / name / "a.mov"), wanted)
        assert len(asked) == count
        assert asked[-1].folder.endswith(("x", "y"))
    with pytest.raises(NotAllowedFolder):
        at.resolve(str(tmp_path / "z"), wanted, folder=True)
    assert asked[-1] == ConsentWanted(folder=str(tmp_path / "z"), wanted_by=wanted.message, wanted_by_message=wanted)


def test_only_what_was_given_in_the_page_is_taken_back_there(folders: tuple[AllowedFolders, list[ConsentWanted]], tmp_path: Path) -> None:
    at, _ = folders
    for name in ("given", "given/within", "other"):
        (tmp_path / name).mkdir()
    at.add(str(tmp_path / "given"))
    at.add(str(tmp_path / "given"))
    at.add(str(tmp_path / "given" / "within"))  # lies inside already
    at.add(str(tmp_path / "media"))
    at.add(str(tmp_path / "other"))
    kept = [str(tmp_path / "given"), str(tmp_path / "other")]
    assert json.loads((tmp_path / "data" / "roots.json").read_text()) == kept
    assert at.folders == (tmp_path / "media", tmp_path / "takes", tmp_path / "given", tmp_path / "other")
    assert [at.is_given(each) for each in at.folders] == [False, False, True, True]
    assert not at.is_given(tmp_path / "given" / "within")
    for name in ("media", "takes", "nowhere"):
        with pytest.raises(BadPath):
            at.remove(str(tmp_path / name))
    at.remove(str(tmp_path / "given"))
    assert json.loads((tmp_path / "data" / "roots.json").read_text()) == kept[1:]
    with pytest.raises(NotAllowedFolder):
        at.recheck(str(tmp_path / "given" / "a.mov"))


def test_a_folder_of_the_settings_is_never_one_that_was_given(tmp_path: Path) -> None:
    """Whoever added it to the settings later cannot take it back in the page, which would change nothing."""
    (tmp_path / "data").mkdir()
    (tmp_path / "media").mkdir()
    (tmp_path / "data" / "roots.json").write_text(json.dumps([str(tmp_path / "media")]))
    settings = ServerSettings(data_folder=tmp_path / "data", takes_folder=tmp_path / "takes", roots=(tmp_path / "media",))
    at = AllowedFolders(settings, pytest.fail)
    assert at.folders == (tmp_path / "media", tmp_path / "takes")
    assert not at.is_given(tmp_path / "media")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"["])
def test_a_damaged_list_of_folders_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "roots.json").write_bytes(content)
    settings = ServerSettings(data_folder=tmp_path, takes_folder=tmp_path / "takes", roots=())
    assert AllowedFolders(settings, pytest.fail).folders == (tmp_path / "takes",)


def test_what_another_process_found_is_looked_at_again(folders: tuple[AllowedFolders, list[ConsentWanted]], tmp_path: Path) -> None:
    at, asked = folders
    assert at.recheck(str(tmp_path / "media" / "a.mov")) == tmp_path / "media" / "a.mov"
    at.add(str(tmp_path))
    with pytest.raises(BadPath):
        at.recheck(str(tmp_path / "data" / "server.json"))
    with pytest.raises(BadPath):
        at.resolve(str(tmp_path / "data" / "server.json"), tell("wanted.look"))
    assert at.own == (tmp_path / "data", tmp_path / "takes")
    assert not asked


def test_a_file_that_is_gone_says_so(folders: tuple[AllowedFolders, list[ConsentWanted]], tmp_path: Path) -> None:
    at, _ = folders
    with pytest.raises(NotFound, match=r"gone\.mov"):
        at.open(tmp_path / "media" / "gone.mov")
    (tmp_path / "media" / "there.mov").write_bytes(b"there")
    descriptor = at.open(tmp_path / "media" / "there.mov")
    assert os.read(descriptor, 10) == b"there"
    os.close(descriptor)


def test_maps_are_used_in_their_order_and_paths_go_out_as_they_came_in(tmp_path: Path, clock: Now) -> None:
    maps = (PathMap(theirs="Z:\\media\\day", ours=str(tmp_path / "day")), PathMap(theirs="Z:\\media", ours=str(tmp_path)))
    settings = ServerSettings(data_folder=tmp_path / "data", takes_folder=tmp_path / "takes", roots=(tmp_path,), path_maps=maps)
    at = AllowedFolders(settings, pytest.fail)
    for theirs, ours in (("Z:\\media\\day\\a.mov", tmp_path / "day" / "a.mov"), ("Z:\\media\\b.mov", tmp_path / "b.mov")):
        assert at.inward(theirs) == str(ours)
        assert at.outward(ours) == theirs
        assert at.resolve(theirs, tell("wanted.look")) == ours


def test_takes_within_the_servers_own_folder_are_no_secret(tmp_path: Path) -> None:
    own, takes = tmp_path / "data", tmp_path / "data" / "takes"
    takes.mkdir(parents=True)
    for real, is_own in ((own, True), (own / "a", True), (takes, False), (takes / "a.mov", False), (tmp_path / "data2", False)):
        assert paths.is_own(real, own, takes) is is_own, real
    assert paths.is_own(own / "a.mov", own, own), "takes in the very folder make it none of theirs"
    assert paths.is_own(own / "a.mov", own, tmp_path), "nor do takes around it"


# small files of one user


def test_a_private_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.json"
    private_files.write_private(path, b"first")
    steps: list[str] = []
    synced, replaced = os.fsync, os.replace
    monkeypatch.setattr(private_files.os, "fsync", lambda number: steps.append("written through") or synced(number))
    monkeypatch.setattr(private_files.os, "replace", lambda *names: steps.append("named") or replaced(*names))
    private_files.write_private(path, b"second")
    assert steps == ["written through", "named"]
    assert path.read_bytes() == b"second"
    assert sys.platform == "win32" or path.stat().st_mode & 0o777 == 0o600

    def no_room(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_files.os, "fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        private_files.write_private(path, b"third")
    assert path.read_bytes() == b"second"
    assert [each.name for each in tmp_path.iterdir()] == ["secret.json"]


@pytest.mark.parametrize("refused", [False, True])
def test_on_windows_rights_are_set_before_anything_secret_is_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], *, check: bool, capture_output: bool, timeout: float) -> Any:
        commands.append(command)
        assert Path(command[1]).read_bytes() == b""
        assert check
        assert capture_output
        assert timeout > 0
        if refused:
            raise subprocess.CalledProcessError(5, command)

    monkeypatch.setattr(private_files.subprocess, "run", run)
    monkeypatch.setattr(private_files.sys, "platform", "win32")
    if refused:
        with pytest.raises(subprocess.CalledProcessError):
            private_files.write_private(tmp_path / "secret", b"secret")
        assert not list(tmp_path.iterdir())
    else:
        private_files.write_private(tmp_path / "secret", b"secret")
        assert (tmp_path / "secret").read_bytes() == b"secret"
    assert len(commands) == 1
    (tmp_path / "open").touch(mode=0o666)
    assert not private_files.readable_by_others(tmp_path / "open"), "mode bits say nothing there"


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits say nothing there")
def test_a_folder_that_others_could_enter_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    for folder in (tmp_path / "data", tmp_path / "new" / "data"):
        private_files.make_private_folder(folder)
        private_files.make_private_folder(folder)
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("root", "whole"), [("D:\\Win", "D:\\Win"), ("", "C:\\Windows"), (None, "C:\\Windows")])
def test_programs_of_windows_are_named_whole(monkeypatch: pytest.MonkeyPatch, root: str | None, whole: str) -> None:
    if root is None:
        monkeypatch.delenv("SYSTEMROOT", raising=False)
    else:
        monkeypatch.setenv("SYSTEMROOT", root)
    assert private_files.windows_program("System32", "x.exe") == f"{whole}\\System32\\x.exe"


# whose a job is


@pytest.mark.parametrize("scope", ["admin", "page", "host"])
def test_an_editor_speaks_for_its_own_project_and_people_for_any(scope: Any) -> None:
    who = tokens.Grant(id="x", token="x.y", scope=scope, host="h", project="p")
    wanted = Origin(kind="host", host="other", project="q")
    assert ownership.origin_of(who, wanted) == (Origin(kind="host", host="h", project="p") if scope == "host" else wanted)
    for host, project, own in (("h", "p", True), ("h", "q", False), ("g", "p", False)):
        job: Any = SimpleNamespace(origin=Origin(kind="host", host=host, project=project))
        assert ownership.owns(who, job) is (own or scope != "host")
        if own or scope != "host":
            assert ownership.check_owns(who, job) is job
        else:
            with pytest.raises(NotFound):
                ownership.check_owns(who, job)
