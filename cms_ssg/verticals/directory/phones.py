"""Telephone numbers as they are written in their country and as they are dialled."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def write_phone(text: str, region: str) -> dict[str, str] | None:
    """``{"text": "+49 9261 628000", "url": "tel:+499261628000"}``; as written where it is no possible number, None for what is no number at all."""
    import phonenumbers

    digits = "".join(char for char in text if char in "+0123456789")
    number = None
    for written in (text,) if text.startswith("+") else (text, f"+{digits}"):  # some leave the + before a country's prefix out
        try:
            number = phonenumbers.parse(written, region or None)
        except phonenumbers.NumberParseException:
            continue
        if written[0] == "+" or phonenumbers.is_valid_number(number):
            break
    if number is None or not phonenumbers.is_possible_number(number):
        return {"text": text, "url": f"tel:{digits}"} if len(digits) > 3 else None
    form = phonenumbers.PhoneNumberFormat
    return {
        "text": phonenumbers.format_number(number, form.INTERNATIONAL),
        "url": f"tel:{phonenumbers.format_number(number, form.E164)}",
    }
