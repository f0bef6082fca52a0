"""What tools that send requests may reach, and where their secrets come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class Network:
    """What requests may reach: this machine alone, unless live."""

    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    live: bool = False


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its name or address alone."""
    address = address_of(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is written as; None where it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
