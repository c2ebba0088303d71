"""A certificate of our own for `--lan`. No authority vouches for it: clients pin it, by its fingerprint or by the file itself."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
from pathlib import Path

from .private_files import write_private

_LIFE_DAYS = 825


def own_certificate(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """(certificate, key) in the folder, made when absent, soon over or made for other names. Raises: OSError."""
    certificate, key = folder / "lan-certificate.pem", folder / "lan-key.pem"
    if not (certificate.is_file() and key.is_file() and _still_good(certificate, names)):
        _make(certificate, key, names)
    return certificate, key


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def pinned_context(certificate: Path) -> ssl.SSLContext:
    """For clients: exactly this certificate, whatever the name (the file itself is the trust)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile=str(certificate))
    return context


def fingerprint(certificate: Path) -> str:
    """SHA-256 over the certificate, as browsers show it: AB:CD:…"""
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))
    digits = hashlib.sha256(der).hexdigest().upper()
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _still_good(path: Path, names: tuple[str, ...]) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, OSError, x509.ExtensionNotFound):
        return False
    ends = certificate.not_valid_after_utc - datetime.timedelta(days=30)
    return ends > datetime.datetime.now(datetime.UTC) and set(_alternative_names(names)) == set(known)


def _make(certificate_path: Path, key_path: Path, names: tuple[str, ...]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "HeyGem Bridge render server")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_LIFE_DAYS))
        .add_extension(x509.SubjectAlternativeName(_alternative_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(key_path, pem)
    write_private(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))


def _alternative_names(names: tuple[str, ...]) -> list:  # type: ignore[type-arg]
    from cryptography import x509

    found: list[x509.GeneralName] = []
    for name in dict.fromkeys(("localhost", "127.0.0.1", "::1", *names)):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found
