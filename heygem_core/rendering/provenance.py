"""Marks every take as synthetic, where programs look for that, and signs it with the user's own key where wanted.

IPTC's word for footage of which a model changed a part is compositeWithTrainedAlgorithmicMedia (cv.iptc.org, Digital Source
Type). It is written as XMP into MP4 (a box of its own, XMP specification part 3) and MOV (user data), as a tag into
Matroska and WebM, and as a sentence into every container's comment and description. Signing adds a C2PA manifest with the
same word, which tells any later change to the file; it needs MP4 or MOV and the package c2pa-python.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from ..engines.choice import models_used
from ..engines.registry import ENGINES
from ..errors import MissingPackage, OutputError, SpecError
from ..media.files import open_media
from ..weights.licences import limits_of

if TYPE_CHECKING:
    from av.container import OutputContainer

    from ..media.deliverables import Deliverable
    from ..shot import RenderSettings

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
STATEMENT = "Synthetic media: the mouth of the person shown was altered by a trained model to say other words."
TERMS_TAG = "TERMS_OF_USE"  # of Matroska
TAG = "DIGITAL_SOURCE_TYPE"  # in Matroska and WebM, which have no place for XMP
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MIME = {"mp4": "video/mp4", "mov": "video/quicktime"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a take's own file says about its origin: `mark` before the header is written, then the signature when all else is done."""

    label: bool
    engine: str
    sign_with: tuple[str, str] | None  # paths of a certificate chain and its key, PEM
    terms: tuple[str, ...] = ()  # sentences about what the take may not be used for

    def mark(self, container: OutputContainer, row: Deliverable) -> None:
        """Sets the metadata of a container that has no header yet."""
        said = [*([f"{STATEMENT} {SOURCE_TYPE}"] if self.label else []), *self.terms]
        if said:
            container.metadata["comment"] = container.metadata["description"] = " ".join(said)  # MOV keeps the first only
        if self.terms and row.muxer not in ("mov", "mp4"):
            container.metadata[TERMS_TAG] = " ".join(self.terms)
        if not self.label:
            return
        if row.muxer == "mov":
            container.metadata["xmp"] = xmp_packet(self.engine, self.terms)
        elif row.muxer != "mp4":
            container.metadata[TAG] = SOURCE_TYPE

    def finish(self, part: Path, row: Deliverable) -> None:
        """Adds to the finished file what no muxer writes, and signs it. Raises: OutputError, MissingPackage, SpecError."""
        if self.label and row.muxer == "mp4":
            packet = xmp_packet(self.engine, self.terms).encode()
            with part.open("ab") as file:
                file.write((24 + len(packet)).to_bytes(4, "big") + b"uuid" + _XMP_BOX + packet)
        if self.label and source_type_of(part) != SOURCE_TYPE:
            raise OutputError("take.label-lost", format=row.title)
        if self.sign_with is not None:
            sign(part, _MIME[row.muxer], self.sign_with, self.engine)


def seal_of(settings: RenderSettings, row: Deliverable) -> Seal:
    """The seal of takes of these settings. Raises: SpecError, MissingPackage, OutputError — all that can go wrong with signing."""
    if settings.sign_with is not None:
        if row.muxer not in _MIME:
            raise OutputError("sign.format", format=row.title)
        _try(settings.sign_with)
    terms = tuple(limit.message for limit in limits_of(models_used(ENGINES.get(settings.engine))))
    return Seal(label=settings.label_synthetic, engine=settings.engine, sign_with=settings.sign_with, terms=terms)


def xmp_packet(engine: str, terms: tuple[str, ...] = ()) -> str:
    """The XMP of a take, as one packet. terms: sentences about what it may not be used for."""
    attributes = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
        "Iptc4xmpExt:AISystemUsed": f"HeyGem Bridge, engine {engine}",
        "Iptc4xmpExt:AISystemVersionUsed": _version(),
        "xmp:CreatorTool": f"HeyGem Bridge {_version()}",
    }
    said = "".join(f"\n   {name}={quoteattr(value)}" for name, value in attributes.items())
    sentence = f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(" ".join(terms))}</rdf:li></rdf:Alt>'
    rights = f"""
   <xmpRights:UsageTerms xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/">{sentence}</xmpRights:UsageTerms>"""
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
   xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
   xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmlns:xmp="http://ns.adobe.com/xap/1.0/"{said}>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(STATEMENT)}</rdf:li></rdf:Alt></dc:description>{rights if terms else ""}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def source_type_of(path: str | Path) -> str | None:
    """IPTC's word for a file, where it says one: read from its XMP or its tags. Raises: InputError."""
    with open_media(path, export_xmp="1") as container:
        tags = {key.upper(): value for key, value in container.metadata.items()}
    if TAG in tags:
        return tags[TAG]
    _, found, rest = tags.get("XMP", "").partition('Iptc4xmpExt:DigitalSourceType="')
    return rest.partition('"')[0] if found else None


def sign(part: Path, mime: str, sign_with: tuple[str, str], engine: str) -> None:
    """Adds a signed C2PA manifest to a file, in place. Raises: OutputError, MissingPackage, SpecError."""
    from c2pa import Builder, C2paError

    signed = part.with_name(f"{part.name}.signed.part")
    try:
        with (
            _signer(sign_with) as signer,
            Builder(_manifest(part.name.partition(".")[0], mime, engine)) as builder,
            part.open("rb") as source,
            signed.open("w+b") as target,
        ):
            builder.sign(signer, mime, source, target)
        signed.replace(part)
    except C2paError as error:
        raise OutputError("sign.failed", path=sign_with[0], error=error) from error
    finally:
        signed.unlink(missing_ok=True)


def _manifest(title: str, mime: str, engine: str) -> dict[str, Any]:
    tool = {"name": "HeyGem Bridge", "version": _version()}
    action = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE, "description": STATEMENT, "softwareAgent": tool}
    return {
        "claim_generator_info": [tool | {"org.heygem.engine": engine}],
        "title": title,
        "format": mime,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _signer(sign_with: tuple[str, str]) -> Any:
    try:
        from c2pa import C2paError, C2paSignerInfo, Signer
    except ImportError as error:
        raise MissingPackage("sign.needs-c2pa") from error
    chain, key = (_read(path) for path in sign_with)
    try:
        return Signer.from_info(C2paSignerInfo(_algorithm(key, sign_with[1]), chain, key, None))
    except C2paError as error:
        raise _refused(sign_with, error) from error


def _refused(sign_with: tuple[str, str], error: Exception) -> SpecError:
    return SpecError("sign.rejected-key", path=sign_with[0], error=error)


def _try(sign_with: tuple[str, str]) -> None:
    """Signs a picture of one pixel, so that what is wrong with a certificate shows before the work. Raises: as `_signer`."""
    from c2pa import Builder, C2paError
    from PIL import Image

    picture = BytesIO()
    Image.new("RGB", (1, 1)).save(picture, "JPEG")
    picture.seek(0)
    try:
        with _signer(sign_with) as signer, Builder(_manifest("trial", "image/jpeg", "mesh")) as builder:
            builder.sign(signer, "image/jpeg", picture, BytesIO())
    except C2paError as error:
        raise _refused(sign_with, error) from error


def _algorithm(key: bytes, path: str) -> str:
    """C2PA's name for what a private key signs with."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise SpecError("sign.not-a-key", path=path) from error
    if isinstance(loaded, ec.EllipticCurvePrivateKey) and loaded.curve.key_size in (256, 384, 521):
        return {256: "es256", 384: "es384", 521: "es512"}[loaded.curve.key_size]
    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(loaded, rsa.RSAPrivateKey):
        return "ps256"
    raise SpecError("sign.key-kind", path=path)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SpecError("sign.unreadable", path=path, why=error.strerror) from error


def _version() -> str:
    try:
        return metadata.version("heygem-bridge")
    except metadata.PackageNotFoundError:
        return "unknown"
