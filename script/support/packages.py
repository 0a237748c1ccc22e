"""The packages of the product: the platform, and one app a service, the lowest first."""

SERVICES = ("payments", "zoning", "shops", "licensing", "violations", "reports")
PACKAGES = ("municipality", *SERVICES)
