"""Bytes to text, by what they are rather than by what is said of them. Pure.

Valid UTF-8 beyond ASCII is hardly ever anything else, while servers and generators declare whatever
was the default. So: byte order marks, then UTF-8 where it is valid, then what the server and the
document declare, then Windows-1252.
"""

import codecs
import re

from component.methods.feed.errors import EncodingRefused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How an XML document in UTF-16 without a mark starts (XML 1.0 appendix F).
_STARTS = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
# As browsers have it (https://encoding.spec.whatwg.org/#names-and-labels): the larger set stands
# for the smaller.
_LARGER = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# Those of browsers that feeds are written in. UTF-16 is seen by the first bytes: what declares it
# and can be read as ASCII declares it wrongly.
_READ = re.compile(
    r"utf-8|cp(125\d|874|932|949)|iso8859-\d+|koi8-[ru]|gb18030|big5hkscs|euc_jp|iso2022_jp"
)
_OTHER = {"x-sjis": "shift_jis", "iso-8859-8-i": "iso-8859-8", "x-gbk": "gbk", "x-euc-jp": "euc_jp"}
_REFUSED = re.compile(r"(x-|csunicode11|unicode-1-1-)?utf-?_?7|scsu|bocu-1|cesu-8", re.IGNORECASE)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)


def text_of(data: bytes, content_type: str) -> str:
    """`data` as text, without a byte order mark; raises EncodingRefused."""
    text = marked(data)
    if text is not None:
        return text
    declared = declared_encodings(data, content_type)
    candidates = list(declared)
    if not data.isascii():
        candidates.insert(0, "utf-8")
    for encoding in candidates:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    if data.isascii():
        return data.decode("ascii")
    return least_lost(data, declared)


def marked(data: bytes) -> str | None:
    """`data` in the encoding that its first bytes show; None where they show none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    for first, encoding in _STARTS:
        if data.startswith(first):
            return data.decode(encoding, "replace")
    return None


def declared_encodings(data: bytes, content_type: str) -> list[str]:
    """What the server and then the document declare, as far as it is an encoding that is read.

    Raises EncodingRefused.
    """
    names = []
    served = _CHARSET.search(content_type)
    if served:
        names.append(served[1])
    names.append(declared_encoding(data))
    return list(filter(None, map(known, names)))


def declared_encoding(data: bytes) -> str:
    """The encoding that an XML declaration names; "" where there is no such declaration."""
    written = _DECLARED.match(data[:400])
    if not written:
        return ""
    return written[1].decode("ascii", "replace")


def known(name: str) -> str:
    """Python's name of an encoding; "" where it is not read. Raises EncodingRefused."""
    if _REFUSED.fullmatch(name):
        raise EncodingRefused
    try:
        encoding = codecs.lookup(_OTHER.get(name.lower(), name)).name
    except LookupError:
        return ""
    encoding = _LARGER.get(encoding, encoding)
    if not _READ.fullmatch(encoding):
        return ""
    return encoding


def least_lost(data: bytes, declared: list[str]) -> str:
    """The text with the fewest characters lost, where no encoding fits the whole."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    kept = sum(not letter.isascii() for letter in text) - lost
    if kept >= lost:  # UTF-8 with a character cut in two, as some do that count bytes
        return text
    others = [encoding for encoding in declared if encoding != "utf-8"]
    return data.decode([*others, "cp1252"][0], "replace")
