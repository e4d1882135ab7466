"""Which domain was probably meant: slips of the fingers in the names of large providers.

It errs on the side of silence. A slip is one letter too many, too few or wrong, or two that
changed places; the first letter stands, for people hit it, and other words begin otherwise
("tmail" is no "gmail"). Names below five letters have too many neighbours that exist.
"""

# The largest providers of the world and of Europe, and under which endings they give out
# addresses. Each may be suggested, and none of them is ever questioned.
ENDINGS_OF = {
    "gmail": ["com"],
    "googlemail": ["com"],
    "outlook": ["com", "at", "be", "de", "dk", "es", "fr", "it", "pt"],
    "hotmail": ["com", "be", "ch", "co.uk", "de", "es", "fr", "it", "nl", "se"],
    "live": ["com", "at", "be", "ca", "cn", "co.uk", "de", "dk", "fr", "it", "nl", "no", "se"],
    "msn": ["com"],
    "yahoo": ["com", "ca", "co.in", "co.jp", "co.uk", "de", "es", "fr", "gr", "ie", "it", "pl"],
    "ymail": ["com"],
    "rocketmail": ["com"],
    "icloud": ["com"],
    "me": ["com"],
    "mac": ["com"],
    "aol": ["com", "de", "fr"],
    "gmx": ["at", "ch", "com", "de", "eu", "net", "org"],
    "web": ["de"],
    "t-online": ["de"],
    "freenet": ["de"],
    "arcor": ["de"],
    "posteo": ["ch", "de", "net"],
    "mailbox": ["org"],
    "mail": ["com", "de", "ee", "ru"],
    "email": ["com", "cz", "de", "it"],
    "proton": ["me"],
    "protonmail": ["ch", "com"],
    "pm": ["me"],
    "tutanota": ["com", "de"],
    "tuta": ["com", "io"],
    "fastmail": ["com", "fm"],
    "hey": ["com"],
    "zoho": ["com", "eu"],
    "orange": ["fr"],
    "wanadoo": ["fr"],
    "free": ["fr"],
    "sfr": ["fr"],
    "laposte": ["net"],
    "libero": ["it"],
    "virgilio": ["it"],
    "alice": ["it"],
    "tiscali": ["it"],
    "bluewin": ["ch"],
    "sunrise": ["ch"],
    "hispeed": ["ch"],
    "chello": ["at"],
    "aon": ["at"],
    "telenet": ["be"],
    "skynet": ["be"],
    "ziggo": ["nl"],
    "kpnmail": ["nl"],
    "planet": ["nl"],
    "wp": ["pl"],
    "onet": ["eu", "pl"],
    "o2": ["pl"],
    "interia": ["eu", "pl"],
    "seznam": ["cz"],
    "centrum": ["cz"],
    "btinternet": ["com"],
    "sky": ["com"],
    "comcast": ["net"],
    "verizon": ["net"],
    "att": ["net"],
    "yandex": ["com", "ru"],
    "qq": ["com"],
    "163": ["com"],
    "126": ["com"],
    "naver": ["com"],
}
PROVIDERS = frozenset(
    f"{name}.{ending}" for name, endings in ENDINGS_OF.items() for ending in endings
)
# Real ones that stand a slip away from one of these. They are right as they are.
NEIGHBOURS = frozenset(["arcon.de", "gail.com", "libera.it", "planes.nl", "poste.de"])

# Endings that no domain has (IANA's root zone, 2026), and what was meant.
NO_ENDINGS = {
    **dict.fromkeys(["con", "cmo", "ocm", "cim", "vom", "xom", "comm", "coom", "c0m"], "com"),
    **dict.fromkeys(["ent", "nte", "nett", "met"], "net"),
    **dict.fromkeys(["ogr", "rog", "orgg"], "org"),
    **dict.fromkeys(["ed", "dee", "d"], "de"),
}
# Countries whose domains such a slip leads to; in these the short names are others' own.
COUNTRIES = dict.fromkeys(["co", "cm", "om"], "com")
LONG_ENOUGH = 5


def likely(domain: str) -> str | None:
    """Return the provider's domain that was probably meant, or None where nothing is odd."""
    if domain in PROVIDERS or domain in NEIGHBOURS:
        return None
    name, _, ending = domain.partition(".")
    ending = NO_ENDINGS.get(ending, ending)
    if len(name) >= LONG_ENOUGH:
        ending = COUNTRIES.get(ending, ending)
    if (mended := f"{name}.{ending}") in PROVIDERS:
        return mended
    meant = (
        f"{other}.{ending}"
        for other, endings in ENDINGS_OF.items()
        if ending in endings and is_slip_of(name, other)
    )
    return next(meant, None)


def is_slip_of(typed: str, name: str) -> bool:
    """Tell whether one slip makes the one of the other (Damerau and Levenshtein's distance)."""
    if len(name) < LONG_ENOUGH or abs(len(typed) - len(name)) > 1 or typed == name:
        return False
    longer, shorter = sorted((typed, name), key=len, reverse=True)
    if len(longer) > len(shorter):
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(1, len(longer)))
    wrong = [at for at in range(len(name)) if typed[at] != name[at]]
    if len(wrong) == 1:
        return wrong != [0]
    first, last = wrong[0], wrong[-1]
    changed_places = typed[first] == name[last] and typed[last] == name[first]
    return len(wrong) == 2 and last == first + 1 and changed_places
