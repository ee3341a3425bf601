"""The JVM's first compiler (HotSpot's C1) alone for code that only starts a run; the second one (C2) is for the rows.

What loads classes, makes lambdas, plans and generates code runs often enough for C2, which is then busy on the cores
that the rows need: a third of its 19 seconds in a run of a million rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import as_file, files

from py4j.java_gateway import JavaGateway, JavaObject
from py4j.protocol import Py4JError

_COMMANDS = "com.sun.management:type=DiagnosticCommand"
"""The bean with HotSpot's diagnostic commands, those of jcmd (com.sun.management.DiagnosticCommandMBean)."""


def spare_second_compiler(gateway: JavaGateway) -> None:
    """Have what `first_compiler.directives` lists compiled by the first compiler alone.

    By a command, as the JVM's option for it would print a line to the run's stdout. A JVM without it stays as it is.
    """
    with as_file(files("jobs.spark.local") / "first_compiler.directives") as file, suppress(Py4JError):
        diagnose(gateway, "compilerDirectivesAdd", f'"{file}"')  # a space would divide it, and `=` its name


def diagnose(gateway: JavaGateway, command: str, *arguments: str) -> str:
    """Return what a diagnostic command of the JVM answers.

    Raises:
        Py4JError: the JVM has no such command.
    """
    java = gateway.jvm.java
    given = _array(gateway, java.lang.Object, [_array(gateway, java.lang.String, arguments)])
    kinds = _array(gateway, java.lang.String, ["[Ljava.lang.String;"])
    bean = gateway.jvm.javax.management.ObjectName(_COMMANDS)
    server = java.lang.management.ManagementFactory.getPlatformMBeanServer()
    # By reflection: py4j finds no method of a class that the JDK keeps to itself, as the server's is.
    methods = java.lang.Class.forName("javax.management.MBeanServer").getMethods()
    invoke = next(method for method in methods if method.getName() == "invoke")
    return str(invoke.invoke(server, _array(gateway, java.lang.Object, [bean, command, given, kinds])))


def _array(gateway: JavaGateway, kind: JavaObject, items: Sequence[object]) -> JavaObject:
    array = gateway.new_array(kind, len(items))
    for position, item in enumerate(items):
        array[position] = item
    return array
