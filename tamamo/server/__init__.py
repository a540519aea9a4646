"""The processes of an installation: who starts, who watches, who stops. Stands above all parts."""
