// Masks
