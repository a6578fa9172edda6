namespace Becket.Installing;

/// <summary>
/// The files that systemd and mount(8) find Becket by, with their texts. Paths have no leading slash: they lie below a root.
/// </summary>
internal static class SystemdFiles
{
    /// <summary>Where mount(8) looks for the helper of <c>-t becket</c>.</summary>
    public const string HelperLink = "sbin/mount.becket";

    /// <summary>The service template. It is Becket's; changes belong into drop-ins ('systemctl edit').</summary>
    /// <param name="program">The program's full path.</param>
    /// <param name="compilation">A program that compiles itself while it runs needs memory that is written and executed.</param>
    public static SystemdFile Service(string program, Compilation compilation) => new("usr/local/lib/systemd/system/becket@.service", $$"""
        # An object mounted as a service: becket@NAME reads /etc/becket/NAME.conf.
        # Change it with 'systemctl edit becket@.service'; 'becket install-systemd' writes this file anew.
        [Unit]
        Description=Becket mount %i
        Wants=network-online.target modprobe@nbd.service modprobe@loop.service modprobe@fuse.service
        After=network-online.target modprobe@nbd.service modprobe@loop.service modprobe@fuse.service
        # Never given up: readers may wait in the kernel for a new process.
        StartLimitIntervalSec=0

        [Service]
        Type=notify
        NotifyAccess=main
        EnvironmentFile=/etc/becket/%i.conf
        ExecStart={{program}} mount --foreground $OPTIONS ${SOURCE} ${WHERE}
        # A new process takes over the device of one that died: reads wait meanwhile. Wrong options stay wrong.
        Restart=on-failure
        RestartSec=2
        RestartPreventExitStatus=2
        # SIGTERM unmounts, detaches and ends; it waits for those who use the mount.
        KillMode=mixed
        TimeoutStartSec=5min
        TimeoutStopSec=2min
        # Whoever uses the mount waits for this process.
        OOMScoreAdjust=-500

        # Nothing here may give the service mounts of its own (PrivateTmp=, ProtectSystem=, ProtectKernelTunables= and their like
        # do): what it mounts is for everybody.
        NoNewPrivileges=yes
        CapabilityBoundingSet=CAP_SYS_ADMIN CAP_MKNOD CAP_DAC_READ_SEARCH CAP_FOWNER CAP_CHOWN
        DevicePolicy=closed
        DeviceAllow=block-nbd rwm
        DeviceAllow=block-loop rwm
        DeviceAllow=block-blkext rwm
        DeviceAllow=/dev/fuse rw
        DeviceAllow=/dev/loop-control rw
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        LockPersonality=yes
        {{NoWrittenCode(compilation)}}
        ProtectClock=yes
        ProtectHostname=yes
        SystemCallArchitectures=native
        SystemCallFilter=@system-service @mount
        SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap
        UMask=0077

        [Install]
        WantedBy=multi-user.target

        """);

    private static string NoWrittenCode(Compilation compilation) => compilation == Compilation.AheadOfTime
        ? "MemoryDenyWriteExecute=yes"
        : "# MemoryDenyWriteExecute= is not possible: this build compiles while it runs.";

    /// <summary>What an administrator copies and changes.</summary>
    public static IReadOnlyList<SystemdFile> Examples { get; } =
    [
        new("etc/becket/example.conf", """
            # The settings of becket@example. Copy it to /etc/becket/NAME.conf, change it, and 'systemctl enable --now becket@NAME'.
            # No quotes are needed, and nothing is expanded.
            SOURCE=s3://bucket/fedora.iso
            WHERE=/mnt

            # Options of 'becket mount', separated by blanks.
            OPTIONS=--cache-dir /var/cache/becket --cache-size 10G

            # Keys: a file that root alone may read (chmod 600 this one), or without a word about them the role of the machine.
            #AWS_ACCESS_KEY_ID=
            #AWS_SECRET_ACCESS_KEY=
            #AWS_ENDPOINT_URL=http://rgw:7480
            #AWS_REGION=eu-central-1

            # Or keys that systemd hands over, and that can be encrypted (systemd-creds(1)): with 'systemctl edit becket@NAME'
            #   [Service]
            #   LoadCredential=aws:/etc/becket/NAME.aws
            #   Environment=AWS_SHARED_CREDENTIALS_FILE=%d/aws

            """),
        new("etc/becket/example.mount", """
            # The same without a service of its own, as a mount unit: copy it to /etc/systemd/system/mnt.mount (the name is that of
            # the folder, see systemd-escape --path), and 'systemctl enable --now mnt.mount'. A line of /etc/fstab does as much:
            #   s3://bucket/fedora.iso /mnt becket ro,_netdev,nofail,credentials-file=/etc/becket/example.aws 0 0
            [Unit]
            Description=fedora.iso
            Wants=network-online.target
            After=network-online.target

            [Mount]
            What=s3://bucket/fedora.iso
            Where=/mnt
            Type=becket
            Options=ro,_netdev,credentials-file=/etc/becket/example.aws

            [Install]
            WantedBy=remote-fs.target

            """),
    ];
}

/// <summary>A file to install.</summary>
/// <param name="Path">Below the root, without a leading slash.</param>
/// <param name="Text">All of it.</param>
internal sealed record SystemdFile(string Path, string Text);

/// <summary>When a build of the program becomes machine code.</summary>
internal enum Compilation
{
    AheadOfTime,
    JustInTime,
}
