"""Prints a pattern for `swift test --filter` of the tests that an xUnit file says failed.

usage: failed.py MOST FILE; exits with 1 where none or more than MOST failed, or no file was written.
"""

import re
import sys
import xml.etree.ElementTree

most, path = int(sys.argv[1]), sys.argv[2]
try:
    cases = xml.etree.ElementTree.parse(path).iter("testcase")
except (OSError, xml.etree.ElementTree.ParseError) as error:
    sys.exit(f"no results: {error}")
failed = sorted({
    f"{case.get('classname')}/{case.get('name').split('(')[0]}"
    for case in cases
    if case.find("failure") is not None or case.find("error") is not None
})
if not 1 <= len(failed) <= most:
    sys.exit(f"{len(failed)} tests failed: {', '.join(failed)}")
# Suites within suites are joined by dots in the file, and by slashes in a filter.
print("|".join("^" + re.escape(name).replace(r"\.", "[./]") + r"\b" for name in failed))
