"""Files of real attention: opened by their headers, read one layer and head at a time, written as a whole or not."""
