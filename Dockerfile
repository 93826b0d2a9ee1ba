FROM python:3.13-slim

WORKDIR /app

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY manage.py ./
COPY goalsvc goalsvc
COPY goals goals
COPY matching matching

ENV STATIC_ROOT=/app/staticfiles
# The key is for this command alone, which signs nothing; the service is given its own.
RUN SECRET_KEY=unused python manage.py collectstatic --noinput

# By number, because orchestrators that refuse root cannot see whether a name is root's.
RUN useradd --system --no-create-home --uid 10001 goalsvc && install --directory --owner=10001 /data /backups
# Of uploaded files. A volume for it, or for backups, begins as this folder, and so belongs to the user.
ENV GOALSVC_DATA=/data
USER 10001

EXPOSE 8000

# Nothing listens while `serve` migrates: within the start period that is no failure.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30m --retries=3 CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

# Migrates, then serves.
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
