"""What is done with inspections: ordered, appointed, visited."""

from licensing.inspections.draws import able as able
from licensing.inspections.services.orders import ask_again as ask_again
from licensing.inspections.services.orders import attach as attach
from licensing.inspections.services.orders import cancel as cancel
from licensing.inspections.services.orders import order as order
from licensing.inspections.services.orders import order_for_shop as order_for_shop
from licensing.inspections.services.orders import order_of_shop as order_of_shop
