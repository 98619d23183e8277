"""Prints the price table and the licence of a genai-prices wheel as JSON. It reads the syntax tree of data.py and runs none of it.

usage: python3 scripts/genai-prices-to-json.py WHEEL

`Decimal('2.5')` becomes "2.5", `date(2026, 8, 17)` and `time(1, 30)` become lists, any other call an object of its keywords.
"""

import ast
import json
import sys
import zipfile

ATOMS = {"Decimal", "date", "time"}


def value(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {value(key): value(item) for key, item in zip(node.keys, node.values)}
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name in ATOMS:
            args = [value(arg) for arg in node.args]
            return args[0] if name == "Decimal" else args
        return {keyword.arg: value(keyword.value) for keyword in node.keywords}
    sys.exit(f"genai_prices/data.py, line {node.lineno}: expected data, got {ast.dump(node)[:120]}")


def main():
    wheel = zipfile.ZipFile(sys.argv[1])
    licence = next((name for name in wheel.namelist() if name.endswith("/LICENSE")), None)
    if licence is None:
        sys.exit("expected a LICENSE in the wheel")
    for statement in ast.parse(wheel.read("genai_prices/data.py").decode()).body:
        if isinstance(statement, ast.AnnAssign) and statement.target.id == "providers":
            json.dump({"licence": wheel.read(licence).decode(), "providers": value(statement.value)}, sys.stdout)
            return
    sys.exit("genai_prices/data.py: expected `providers: list[Provider] = [...]`")


main()
