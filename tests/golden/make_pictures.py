"""Small pictures as files, with the values that Pillow decodes, and pictures that Pillow resized.

    python tests/golden/make_pictures.py     # needs Pillow, numpy

pictures.json: `files` by name: base64, and where Pillow reads it the values of shape (height, width, channels), as stored in
the file (pages of TIFF turned upright, others not); `resized`: floating point, (3, 4) to other sizes.
"""
import base64
import io
import json
import pathlib

import numpy as np
import PIL
from PIL import Image

y, x = np.mgrid[0:8, 0:16]
rgb = np.stack([x * 16, y * 32, 255 - x * 16], -1).astype("u1")
picture = Image.fromarray(rgb)
turned = Image.Exif()
turned[0x112] = 6
alpha = np.dstack([rgb, np.full((8, 16), 255, "u1")])
alpha[0, 0, 3], alpha[0, 1, 3] = 0, 51
rng = np.random.default_rng(1)
noise = Image.fromarray(rng.integers(0, 256, (8, 16, 3)).astype("u1"))

FILES = {
    "baseline.jpg": (picture, dict(quality=90, subsampling=0)),
    "progressive.jpg": (noise, dict(quality=90, subsampling=2, progressive=True)),
    "grey.jpg": (picture.convert("L"), dict(quality=90)),
    "cmyk.jpg": (picture.convert("CMYK"), {}),
    "turned.jpg": (picture, dict(quality=90, subsampling=0, exif=turned)),
    "lossy.webp": (picture, dict(quality=80)),
    "lossless.webp": (noise, dict(lossless=True)),
    "alpha.webp": (Image.fromarray(alpha), dict(lossless=True, exact=True)),
    "turned.webp": (picture, dict(lossless=True, exif=turned)),
    "moving.webp": (picture, dict(save_all=True, append_images=[noise], lossless=True)),
    "plain.tif": (picture, {}),
    "lzw.tif": (picture, dict(compression="tiff_lzw")),
    "deflate.tif": (picture, dict(compression="tiff_adobe_deflate")),
    "packbits.tif": (picture.convert("L"), dict(compression="packbits")),
    "jpeg.tif": (picture, dict(compression="jpeg")),
    "palette.tif": (picture.quantize(16), {}),
    "pages.tif": (picture, dict(save_all=True, append_images=[noise], compression="tiff_lzw")),
    "bilevel.tif": (picture.convert("1"), {}),
    "cmyk.tif": (picture.convert("CMYK"), {}),
    "turned.tif": (picture, dict(tiffinfo={0x112: 8})),
    "sixteen.tif": (Image.fromarray((x * 4000).astype("u2")), {}),
    "float.tif": (Image.fromarray((x - 4.5).astype("f4")), {}),
}


def decoded(content):
    image = Image.open(io.BytesIO(content))
    if image.mode in ("P", "1", "CMYK"):
        image = image.convert("RGB")
    return np.asarray(image)


files = {}
for name, (image, options) in FILES.items():
    buffer = io.BytesIO()
    kind = {"jpg": "JPEG", "webp": "WEBP", "tif": "TIFF"}[name.split(".")[1]]
    image.save(buffer, format=kind, **options)
    values = decoded(buffer.getvalue())
    files[name] = {"base64": base64.b64encode(buffer.getvalue()).decode(), "values": values.ravel().tolist()}

small = Image.fromarray((np.arange(12).reshape(3, 4) ** 2 / 100).astype("f4"))
resized = []
for width, height in [(2, 2), (8, 6), (3, 3), (1, 1), (5, 2)]:
    values = np.asarray(small.resize((width, height), Image.BILINEAR), dtype="f8")
    resized.append({"height": height, "width": width, "values": values.ravel().round(7).tolist()})

with open(pathlib.Path(__file__).parent / "pictures.json", "w") as out:
    entries = [f"{json.dumps(name)}: {json.dumps(entry, separators=(',', ':'))}" for name, entry in files.items()]
    out.write(f'{{"pillow": "{PIL.__version__}", "files": {{\n' + ",\n".join(entries) + "\n},\n")
    out.write(f'"resized": {json.dumps(resized, separators=(",", ":"))}}}\n')
