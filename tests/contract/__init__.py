"""The public interface of the installed `httpcore`, compared with measured facts of httpcore 1.0.9."""
