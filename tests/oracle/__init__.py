"""Independent implementations that the tests compare Openbell with."""
