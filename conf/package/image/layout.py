"""Makes an OCI image layout of a folder: layout.py ROOT TARGET VERSION ARCHITECTURE.

The same files make the same bytes: entries are sorted, and times are that of SOURCE_DATE_EPOCH.
https://github.com/opencontainers/image-spec
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

USER = 65532


def layer(root, seconds):
    """The files below root as a tar archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                member = tar.gettarinfo(path, arcname=os.path.relpath(path, root))
                member.mtime, member.uname, member.gname = seconds, "", ""
                belongs = member.name.split(os.sep)[:2] in (["run", "portico"], ["var", "lib"]) and name == "portico"
                member.uid = member.gid = USER if belongs else 0
                if member.isfile():
                    with open(path, "rb") as content:
                        tar.addfile(member, content)
                else:
                    tar.addfile(member)
    return archive.getvalue()


class Layout:
    """A folder of blobs that are named by what is in them."""

    def __init__(self, target):
        self.target = target
        os.makedirs(os.path.join(target, "blobs", "sha256"), exist_ok=True)
        self.write("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def write(self, name, content):
        with open(os.path.join(self.target, name), "wb") as file:
            file.write(content)

    def blob(self, kind, content):
        digest = hashlib.sha256(content).hexdigest()
        self.write(os.path.join("blobs", "sha256", digest), content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}


def text(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def main(root, target, version, architecture):
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    created = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    layout = Layout(target)
    archive = layer(root, seconds)
    packed = layout.blob("layer.v1.tar+gzip", gzip.compress(archive, 9, mtime=0))
    folder = "/var/lib/portico"
    settings = {
        "User": f"{USER}:{USER}",
        "ExposedPorts": {"9180/tcp": {}},
        "Entrypoint": [
            "/usr/sbin/portico", "-p", folder, "-c", "/etc/portico/portico.conf", "-e", "stderr", "-g", "daemon off;",
        ],
        "WorkingDir": folder,
        # What is under way is finished.
        "StopSignal": "SIGQUIT",
        "Labels": {"org.opencontainers.image.title": "portico", "org.opencontainers.image.version": version},
    }
    image = {
        "created": created,
        "architecture": architecture,
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(archive).hexdigest()}"]},
        "history": [{"created": created, "created_by": "conf/package/build oci"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": layout.blob("config.v1+json", text(image)),
        "layers": [packed],
    }
    entry = layout.blob("manifest.v1+json", text(manifest))
    entry["annotations"] = {"org.opencontainers.image.ref.name": version}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    layout.write("index.json", text(index))
    print(f"{len(archive)} bytes unpacked, {packed['size']} packed")


main(*sys.argv[1:])
