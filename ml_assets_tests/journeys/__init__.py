"""Whole journeys, a newcomer's or those of a bad day: real commands, real servers, real kills."""
