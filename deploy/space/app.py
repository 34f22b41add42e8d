"""What a Space or a Studio of the kind "gradio" starts: the server, the page and `search`."""

import os

# The hubs look for the app here, and show it in a frame on a page of theirs.
os.environ.setdefault("EEX_HOST", "0.0.0.0")
os.environ.setdefault("EEX_PORT", "7860")
os.environ.setdefault(
    "EEX_FRAME_ANCESTORS",
    "https://huggingface.co,https://*.hf.space,https://modelscope.cn,https://*.modelscope.cn,"
    "https://modelscope.ai,https://*.modelscope.ai",
)

from eex.config import Settings
from eex.space import serve

if __name__ == "__main__":
    serve(Settings.from_env())
