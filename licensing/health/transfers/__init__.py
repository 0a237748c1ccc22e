"""Transfer of a health licence: the present holder names the new one, who agrees before an officer decides."""
