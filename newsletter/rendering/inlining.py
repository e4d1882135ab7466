"""CSS into style attributes, with premailer kept from everything that it does too much."""

import logging
import re

from premailer import Premailer

STYLE_TAG = re.compile(r"<!--.*?-->|<style\b", re.DOTALL)
IGNORE = ' data-premailer="ignore"'
IGNORED_STYLE = re.compile(rf"(<style\b[^>]*?){IGNORE}")


def inlined(html: str, css: str) -> str:
    """Return MJML's HTML with ``css`` in its style attributes.

    The ``<style>`` elements are left alone: premailer would inline MJML's own rules into
    every cell, and throw away all rules for dark mode, as they match nothing yet. It never
    opens a file or a connection.
    """
    # premailer compares with case, and drops a doctype in lower case: quirks mode.
    html = re.sub(r"\A<!doctype html>", "<!DOCTYPE html>", html, flags=re.IGNORECASE)
    html = STYLE_TAG.sub(guarded, html)
    out: str = Premailer(
        html,
        css_text=[css],
        keep_style_tags=False,
        strip_important=False,
        remove_classes=False,
        disable_validation=True,
        cssutils_logging_level=logging.CRITICAL,
        allow_network=False,
        allow_loading_external_files=False,
        disable_link_rewrites=True,
        align_floating_images=False,
        exclude_pseudoclasses=True,
        cache_css_parsing=True,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
    ).transform(pretty_print=False)
    # It forgets its own mark on a <style> with a medium.
    return IGNORED_STYLE.sub(r"\1", out)


def guarded(found: re.Match[str]) -> str:
    """Mark a ``<style>``; those in comments are for Outlook, which premailer does not read."""
    return found[0] if found[0].startswith("<!--") else found[0] + IGNORE
