"""Finds the string literals of Swift source, comments left out. Enough of the grammar for checks; not a parser."""

import re

TOKEN = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|(?P<hashes>\#*)"""(?P<long>.*?)"""(?P=hashes)'
    r'|(?P<raw>\#+)"(?P<rawtext>.*?)"(?P=raw)'
    r'|"(?P<short>(?:\\\([^()]*(?:\([^()]*\)[^()]*)*\)|\\.|[^"\\\n])*)"',
    re.DOTALL,
)


def literals(source):
    """Pairs of line number and text."""
    for match in TOKEN.finditer(source):
        text = next((match.group(name) for name in ("long", "rawtext", "short") if match.group(name) is not None), None)
        if text is not None:
            yield source.count("\n", 0, match.start()) + 1, text
