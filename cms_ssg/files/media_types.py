"""What a file is sent as, by its name: a table of our own, so that it is the same on every machine and with every Python.

The names are those of IANA's registry where it has one, else what browsers and servers agree on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

UNKNOWN: Final = "application/octet-stream"

_BY_TYPE: Final = {
    # Pages and what they load
    "text/html": "html htm shtml",
    "application/xhtml+xml": "xhtml xht",
    "text/css": "css",
    "text/javascript": "js mjs cjs",
    "application/json": "json map",
    "application/ld+json": "jsonld",
    "application/geo+json": "geojson topojson",
    "application/schema+json": "schema",
    "application/jsonl": "jsonl ndjson",
    "application/manifest+json": "webmanifest",
    "application/wasm": "wasm",
    "application/xml": "xml xsd rng",
    "application/xml-dtd": "dtd",
    "application/xslt+xml": "xsl xslt",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/rdf+xml": "rdf owl",
    "application/opensearchdescription+xml": "osdx",
    "application/mathml+xml": "mathml mml",
    # Text
    "application/smil+xml": "smil smi",
    "application/ttml+xml": "ttml",
    "application/xliff+xml": "xlf xliff",
    "application/gml+xml": "gml",
    "application/tei+xml": "tei",
    "application/wsdl+xml": "wsdl",
    "application/cbor": "cbor",
    "text/wgsl": "wgsl",
    "text/uri-list": "uri uris",
    "text/plain": "txt text log conf ini cfg asc sha1 sha256 sha512 md5 diff patch c h cc cpp hpp cs go rs java kt swift py rb pl lua sh bash zsh "
                  "sql r jl tex bib srt toml nfo env license",
    "text/markdown": "md markdown mdx",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv tab",
    "text/calendar": "ics ifb",
    "text/vcard": "vcf vcard",
    "text/vtt": "vtt",
    "text/x-opml": "opml",
    "text/rtf": "rtf",
    "text/turtle": "ttl",
    "text/x-rst": "rst",
    "application/yaml": "yaml yml",
    # Images
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg jpeg jpe jfif pjpeg pjp jfi",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif avifs",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/jxl": "jxl",
    "image/jp2": "jp2",
    "image/tiff": "tif tiff",
    "image/bmp": "bmp dib",
    "image/vnd.microsoft.icon": "ico cur",
    "image/vnd.adobe.photoshop": "psd",
    "image/x-xcf": "xcf",
    "image/x-adobe-dng": "dng",
    "image/jxr": "jxr",
    "image/wmf": "wmf",
    "image/emf": "emf",
    "image/ktx2": "ktx2",
    "image/vnd.radiance": "hdr",
    "image/aces": "exr",
    "image/fits": "fits fit",
    "image/vnd.dwg": "dwg",
    "image/vnd.dxf": "dxf",
    "image/x-portable-pixmap": "ppm",
    "image/x-portable-graymap": "pgm",
    "image/x-portable-bitmap": "pbm",
    "image/x-canon-cr2": "cr2",
    "image/x-nikon-nef": "nef",
    "image/x-sony-arw": "arw",
    "image/x-olympus-orf": "orf",
    # Fonts
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "font/collection": "ttc otc",
    "application/vnd.ms-fontobject": "eot",
    # Sound
    "audio/mpeg": "mp3 mp2 mpga",
    "audio/mp4": "m4a m4b",
    "audio/aac": "aac",
    "audio/ogg": "ogg oga opus spx",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/aiff": "aif aiff aifc",
    "audio/midi": "mid midi",
    "audio/basic": "au snd",
    "audio/amr": "amr",
    "audio/x-ms-wma": "wma",
    "audio/x-mpegurl": "m3u",
    "audio/x-scpls": "pls",
    "audio/matroska": "mka",
    "audio/ac3": "ac3",
    # Film
    "video/mp4": "mp4 m4v mp4v",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov qt",
    "video/matroska": "mkv",
    "video/mpeg": "mpeg mpg mpe m2v",
    "video/mp2t": "ts m2ts mts",
    "video/x-msvideo": "avi",
    "video/x-ms-wmv": "wmv",
    "video/x-flv": "flv",
    "video/3gpp": "3gp 3gpp",
    "video/3gpp2": "3g2",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    "video/iso.segment": "m4s",
    "video/x-ms-asf": "asf asx",
    "application/mxf": "mxf",
    "application/ogg": "ogx",
    # Documents
    "application/pdf": "pdf",
    "application/epub+zip": "epub",
    "application/x-mobipocket-ebook": "mobi",
    "application/vnd.amazon.ebook": "azw azw3",
    "image/vnd.djvu": "djvu djv",
    "application/postscript": "ps eps ai",
    "application/msword": "doc dot",
    "application/vnd.ms-excel": "xls xlt",
    "application/vnd.ms-powerpoint": "ppt pps pot",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template": "dotx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": "ppsx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.graphics": "odg",
    "application/vnd.apple.pages": "pages",
    "application/vnd.apple.numbers": "numbers",
    "application/vnd.apple.keynote": "key",
    "application/x-ipynb+json": "ipynb",
    "application/vnd.ms-word.document.macroEnabled.12": "docm",
    "application/vnd.ms-excel.sheet.macroEnabled.12": "xlsm",
    "application/vnd.ms-excel.sheet.binary.macroEnabled.12": "xlsb",
    "application/vnd.ms-powerpoint.presentation.macroEnabled.12": "pptm",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template": "xltx",
    "application/vnd.openxmlformats-officedocument.presentationml.template": "potx",
    "application/vnd.oasis.opendocument.text-template": "ott",
    "application/vnd.oasis.opendocument.spreadsheet-template": "ots",
    "application/vnd.oasis.opendocument.presentation-template": "otp",
    "application/vnd.oasis.opendocument.formula": "odf",
    "application/vnd.oasis.opendocument.base": "odb",
    "application/vnd.visio": "vsd",
    "application/vnd.ms-project": "mpp",
    "application/x-mspublisher": "pub",
    "application/vnd.ms-xpsdocument": "xps",
    "application/oxps": "oxps",
    "application/onenote": "one",
    "application/msaccess": "mdb",
    "application/x-dvi": "dvi",
    "application/vnd.comicbook+zip": "cbz",
    "application/vnd.comicbook-rar": "cbr",
    "application/vnd.recordare.musicxml": "mxl",
    "application/vnd.recordare.musicxml+xml": "musicxml",
    "message/rfc822": "eml",
    "application/mbox": "mbox",
    # Archives and programs
    "application/zip": "zip",
    "application/gzip": "gz tgz",
    "application/x-bzip2": "bz2 tbz2",
    "application/x-xz": "xz txz",
    "application/zstd": "zst",
    "application/x-brotli": "br",
    "application/x-tar": "tar",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "application/java-archive": "jar war ear",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.debian.binary-package": "deb",
    "application/x-rpm": "rpm",
    "application/x-apple-diskimage": "dmg",
    "application/x-iso9660-image": "iso",
    "application/vnd.microsoft.portable-executable": "exe dll msi",
    "application/x-bittorrent": "torrent",
    "application/x-xpinstall": "xpi",
    "application/x-chrome-extension": "crx",
    "application/vnd.ms-cab-compressed": "cab",
    "application/vnd.apple.installer+xml": "mpkg",
    "application/x-lzh-compressed": "lzh lha",
    "application/vnd.tcpdump.pcap": "pcap",
    # Places, data, keys, models
    "application/gpx+xml": "gpx",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.google-earth.kmz": "kmz",
    "application/vnd.sqlite3": "sqlite sqlite3 db",
    "application/vnd.apache.parquet": "parquet",
    "application/pgp-keys": "gpgkey",
    "application/pgp-signature": "sig",
    "application/pgp-encrypted": "pgp",
    "application/pem-certificate-chain": "pem",
    "application/x-x509-ca-cert": "crt",
    "application/vnd.apple.pkpass": "pkpass",
    "application/xspf+xml": "xspf",
    "application/vnd.openstreetmap.data+xml": "osm",
    "application/vnd.mapbox-vector-tile": "mvt",
    "application/geopackage+sqlite3": "gpkg",
    "application/vnd.shp": "shp",
    "application/vnd.shx": "shx",
    "application/vnd.dbf": "dbf",
    "application/vnd.apache.arrow.file": "arrow",
    "application/x-netcdf": "nc",
    "application/x-hdf5": "h5 hdf5",
    "application/n-triples": "nt",
    "application/n-quads": "nq",
    "text/n3": "n3",
    "application/trig": "trig",
    "application/pkix-cert": "cer der",
    "application/pkix-crl": "crl",
    "application/pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m p7c",
    "application/x-pkcs12": "p12 pfx",
    "model/3mf": "3mf",
    "model/vnd.collada+xml": "dae",
    "model/step": "step stp",
    "model/iges": "iges igs",
    "model/mtl": "mtl",
    "model/vrml": "wrl vrml",
    "model/x3d+xml": "x3d",
    "model/gltf+json": "gltf",
    "model/gltf-binary": "glb",
    "model/obj": "obj",
    "model/stl": "stl",
    "model/vnd.usdz+zip": "usdz",
}  # fmt: skip

TYPES: Final = {ending: kind for kind, endings in _BY_TYPE.items() for ending in endings.split()}
"""Ending in small letters -> media type."""

_SPELLED_OUT: Final = {"svgz": "svg.gz"}
_SHOWN_PACKED: Final = frozenset("html htm xhtml xht css js mjs cjs svg xml xsl xslt wasm".split())
"""Endings of what browsers show or run: packed by gzip it is sent as what it is, with a Content-Encoding; data such as .csv.gz is a download."""

_GZIP: Final = b"\x1f\x8b"


def list_endings(path: str) -> list[str]:
    """The endings of a file's name in small letters, the last one last: ``["js", "gz"]``; ``.svgz`` is ``["svg", "gz"]``."""
    name = path.rpartition("/")[2].lower()
    *parts, last = name.split(".")[1:] or [""]
    return [ending for ending in (*parts, *_SPELLED_OUT.get(last, last).split(".")) if ending]


@lru_cache(maxsize=4096)
def media_type(path: str) -> str:
    """The media type of a file by its name, without a charset; of what is sent with a Content-Encoding that of what is in it."""
    *before, last = list_endings(path) or [""]
    if last == "gz" and before and before[-1] in _SHOWN_PACKED:
        last = before[-1]
    return TYPES.get(last, UNKNOWN)


def content_type(path: str) -> str:
    """The Content-Type header of a file. Text is UTF-8."""
    kind = media_type(path)
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind == "image/svg+xml" else kind


def content_encoding(path: str, data: bytes) -> str:
    """The Content-Encoding in which a file is written already, "" for none. data: its bytes, since a name alone proves nothing."""
    *before, last = list_endings(path) or [""]
    return "gzip" if last == "gz" and before and before[-1] in _SHOWN_PACKED and data.startswith(_GZIP) else ""
