"""What users and we test with: fakes that behave, not mocks that agree. Shipped in the wheel."""
