"""Every take says that it is synthetic, where other programs look for it; a signed one can be verified."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
from pathlib import Path

import av
import pytest

from heygem_core.errors import OutputError, SpecError
from heygem_core.rendering.provenance import SOURCE_TYPE, STATEMENT, sign, source_type_of
from heygem_core.rendering.render import render
from heygem_core.rendering.segments import join
from heygem_core.tasks.specs import JoinTask

from .making import left_in, make, planes, same, task

SUFFIXES = [".mov", ".mp4", ".mkv", ".webm"]


def _tags(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        return {key.lower(): value for key, value in container.metadata.items()}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_take_says_that_it_is_synthetic(short: Path, sentence: Path, tmp_path: Path, suffix: str) -> None:
    take = tmp_path / f"take{suffix}"
    make(short, sentence, take, end_exclusive=8)
    assert source_type_of(take) == SOURCE_TYPE
    assert _tags(take)["comment"] == f"{STATEMENT} {SOURCE_TYPE}"
    assert SOURCE_TYPE.encode() in take.read_bytes()
    if shutil.which("exiftool") is None or suffix in (".mkv", ".webm"):
        return
    answer = subprocess.run(["exiftool", "-j", "-n", "-G0", str(take)], capture_output=True, check=True, timeout=60)
    (said,) = json.loads(answer.stdout)
    assert said["XMP:DigitalSourceType"] == SOURCE_TYPE
    assert said["XMP:Description"] == STATEMENT
    assert "ExifTool:Warning" not in said
    assert "ExifTool:Error" not in said


def test_it_is_told_not_to_by_one_setting_alone(short: Path, sentence: Path, tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        take = tmp_path / f"take{suffix}"
        make(short, sentence, take, end_exclusive=8, label_synthetic=False)
        assert source_type_of(take) is None
        assert b"digitalsourcetype" not in take.read_bytes().lower()


def test_a_joined_take_says_so_too(short: Path, sentence: Path, tmp_path: Path) -> None:
    for suffix in (".mov", ".mp4", ".mkv"):
        spec = task(short, sentence, tmp_path / f"take{suffix}")
        pieces = []
        for start in (0, 8):
            pieces.append(str(tmp_path / f"{start}{suffix}"))
            make(short, sentence, Path(pieces[-1]), segment=(start, start + 8))
        list(join(JoinTask(shot=spec.shot, settings=spec.settings, pieces=tuple(pieces), output=spec.output)))
        assert source_type_of(spec.output) == SOURCE_TYPE


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate chain of our own, as C2PA wants them (leaf for signing documents, then its authority), and the leaf's key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)

    def certificate(subject: str, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey, leaf: bool) -> x509.Certificate:
        usage = {
            "digital_signature": leaf,
            "content_commitment": False,
            "key_encipherment": False,
            "data_encipherment": False,
            "key_agreement": False,
            "key_cert_sign": not leaf,
            "crl_sign": not leaf,
            "encipher_only": False,
            "decipher_only": False,
        }
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("Authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if leaf:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        return builder.sign(signer, hashes.SHA256())

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain = [certificate("Signer", own.public_key(), authority, True), certificate("Authority", authority.public_key(), authority, False)]
    folder = tmp_path_factory.mktemp("keys")
    (folder / "chain.pem").write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain))
    (folder / "key.pem").write_bytes(
        own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "chain.pem"), str(folder / "key.pem")


@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
def test_a_signed_take_tells_who_made_it_and_any_later_change(
    short: Path, sentence: Path, tmp_path: Path, keys: tuple[str, str], suffix: str
) -> None:
    c2pa = pytest.importorskip("c2pa")
    take, plain = tmp_path / f"take{suffix}", tmp_path / f"plain{suffix}"
    make(short, sentence, plain, end_exclusive=8)
    copied = Path(shutil.copy(plain, tmp_path / f"copy{suffix}"))
    sign(copied, "video/mp4" if suffix == ".mp4" else "video/quicktime", keys, "mesh")
    assert same(planes(copied), planes(plain)), "a signature moves the pictures within the file and changes none"
    make(short, sentence, take, end_exclusive=8, sign_with=keys)
    assert source_type_of(take) == source_type_of(copied) == SOURCE_TYPE

    def verdict() -> tuple[dict, set[str]]:
        with c2pa.Reader(str(take)) as reader:
            store = json.loads(reader.json())
        return store["manifests"][store["active_manifest"]], {each["code"] for each in store.get("validation_status", [])}

    manifest, faults = verdict()
    assert manifest["claim_generator_info"][0]["name"] == "HeyGem Bridge"
    (actions,) = (each["data"]["actions"] for each in manifest["assertions"] if each["label"].startswith("c2pa.actions"))
    assert actions[0]["digitalSourceType"] == SOURCE_TYPE
    assert faults <= {"signingCredential.untrusted"}, "nobody knows our authority, all else is well"
    data = bytearray(take.read_bytes())
    data[len(data) // 2] ^= 1
    take.write_bytes(data)
    assert "assertion.bmffHash.mismatch" in verdict()[1]
    assert not [name for name in left_in(tmp_path) if name.endswith(".part")]


def test_what_cannot_sign_is_told_before_the_work(short: Path, sentence: Path, tmp_path: Path, keys: tuple[str, str]) -> None:
    pytest.importorskip("c2pa")
    nowhere = str(tmp_path / "nowhere.pem")
    for output, pair, error, words in (
        ("take.mkv", keys, OutputError, "cannot be signed"),
        ("take.mov", (keys[0], nowhere), SpecError, "cannot be read"),
        ("take.mov", (keys[0], keys[0]), SpecError, "not a private key"),
        ("take.mov", (keys[1], keys[1]), SpecError, "cannot sign"),
    ):
        with pytest.raises(error, match=words):
            list(render(task(short, sentence, tmp_path / output, sign_with=pair)))
    assert left_in(tmp_path) == []
