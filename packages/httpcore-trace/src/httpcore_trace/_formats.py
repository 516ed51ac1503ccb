"""Numbers and texts for people."""


def duration_text(seconds: float) -> str:
    """Return a duration with three digits, in milliseconds or seconds."""
    if seconds >= 0.9995:
        return f"{seconds:.{2 if seconds < 9.995 else 1 if seconds < 99.95 else 0}f} s"
    milliseconds = seconds * 1e3
    return f"{milliseconds:.{2 if milliseconds < 9.995 else 1 if milliseconds < 99.95 else 0}f} ms"


def size_text(size: int) -> str:
    """Return a number of bytes with a unit."""
    if size < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    amount = float(size)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95 or unit == "GB":
            break
    return f"{amount:.1f} {unit}"


def count_text(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """Return `text` without what a terminal would obey: servers choose a part of what is shown."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def address_text(address: object) -> str:
    """Return an address as text: that of a Unix domain socket is a path, others have a port."""
    if isinstance(address, tuple):
        host, port = address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return "?" if address is None else str(address)
