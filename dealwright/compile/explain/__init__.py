"""What a company's definitions do, told to the owner of the business in their own language."""
