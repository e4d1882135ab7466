"""How the admin looks: the theme's settings, in the colours of the mails and pages."""

from typing import Any


def unfold_settings(publication_name: str) -> dict[str, Any]:
    """Return the setting UNFOLD for a publication."""
    return {**LOOK, "SITE_SUBHEADER": publication_name}


LOOK: dict[str, Any] = {
    "SITE_TITLE": "Broadsheet",
    "SITE_HEADER": "Broadsheet",
    "SITE_SYMBOL": "newspaper",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "newsletter.admin.navigation.environment",
    "DASHBOARD_CALLBACK": "newsletter.admin.dashboard.dashboard",
    "STYLES": ["newsletter.admin.navigation.stylesheet"],
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": "newsletter.admin.navigation.favicon",
        }
    ],
    "SIDEBAR": {"navigation": "newsletter.admin.navigation.sidebar"},
    "BORDER_RADIUS": "2px",
    "COLORS": {
        # Paper and ink of the mails and pages, as steps from light to dark.
        "base": {
            "50": "#f6f4ee",
            "100": "#efece4",
            "200": "#d9d4c8",
            "300": "#c9c3b5",
            "400": "#a8a295",
            "500": "#635f56",
            "600": "#46423b",
            "700": "#37332c",
            "800": "#2a2722",
            "900": "#1a1917",
            "950": "#121110",
        },
        # Oxblood; 500 is what dark pages write links with.
        "primary": {
            "50": "#fbf3f0",
            "100": "#f6e3dc",
            "200": "#edc8bc",
            "300": "#f0b6a0",
            "400": "#f0a58a",
            "500": "#f0a58a",
            "600": "#8c2f1b",
            "700": "#742716",
            "800": "#5c1f12",
            "900": "#45170d",
            "950": "#2b0e08",
        },
    },
}
