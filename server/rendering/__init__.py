"""Does the work behind the routes: claims it, hands it to an executor, records what came of it, and tells everybody who watches."""
