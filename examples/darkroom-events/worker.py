#!/usr/bin/python3
"""A worker that logs an event for each image it handled or failed to: worker.py [IMAGES]."""
import json
import random
import sys

random.seed(7)
for n in range(int(sys.argv[1]) if len(sys.argv) > 1 else 200):
    if n % 20 == 19:
        event = {"msg": "failed", "error_type": random.choice(("StorageFetchError", "ImageDecodeError"))}
    else:
        event = {"msg": "processed", "process": random.choice(("resize", "crop", "blur")),
                 "image_type": random.choice(("jpeg", "png", "webp")), "duration": round(random.expovariate(20), 4)}
    print(json.dumps(event), flush=True)
