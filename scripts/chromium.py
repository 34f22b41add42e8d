"""Which Chromium, and how it is started: for browser tests and screenshots alike."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
"""Software WebGL 2, and nothing that calls home."""

UNUSED_FEATURES = (
    # Playwright's own list; a second --disable-features replaces the first.
    "AimEnabled",
    "AvoidCORSURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    # Two hidden pages below the address line of each new window.
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
)

TEST_FLAGS = (
    *FLAGS,
    "--disable-gpu-compositing",
    f"--disable-features={','.join(UNUSED_FEATURES)}",
)
"""For tests: all but WebGL is drawn without SwiftShader, which takes a third off opening a page."""


def find_chromium() -> str | None:
    """Return the program that CHROMIUM_PATH names, else the system's; None if there is none."""
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return named if Path(named).is_file() else None
    return shutil.which("chromium") or shutil.which("chromium-browser")
