"""All scenes, by name."""

from __future__ import annotations

from . import http2_scenes, proxy_scenes, scenes

SCENES = scenes.SCENES | http2_scenes.SCENES | proxy_scenes.SCENES
