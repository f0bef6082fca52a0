import json
import sys


def polite(seen):
    return "Sorry" in seen.answer or "it is not polite"


def names(seen, order):
    return order in seen.answer or f"{order} is not named"


if __name__ == "__main__":
    record = json.load(sys.stdin)
    print(json.dumps({"pass": len(record["events"]) > 0}))
