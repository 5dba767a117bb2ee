// Helper G is writing this test.
