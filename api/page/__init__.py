"""The live page: one file of HTML that loads nothing from elsewhere, and what it is made of."""
