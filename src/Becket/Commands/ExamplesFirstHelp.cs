using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Becket.Commands;

/// <summary>
/// <c>--help</c> that leads with examples: for the program a text that fits a screen, for a command its examples and then
/// its options.
/// </summary>
internal sealed class ExamplesFirstHelp(HelpAction inner) : SynchronousCommandLineAction
{
    private const string Program = """
        becket - loop mount objects: an object in S3, a URL or a file becomes a block device

        Examples:
          sudo becket mount s3://bucket/fedora.iso /mnt         mount the file system in an object
          sudo becket mount s3://bucket/disk.img#2 /mnt         ... in its second partition
          sudo becket umount /mnt                               and leave nothing behind
          sudo becket attach s3://bucket/disk.img               a block device: prints /dev/nbd0 and its partitions
          becket serve s3://bucket/key -U /tmp/sock             an NBD server for any client: nbdcopy, qemu ...
          becket info https://host/image.raw --json             size, ETag, version, content

        Commands:
          mount        mount the file system in an object, a URL or a file
          umount       unmount, detach and end
          attach       make it a block device
          detach       take the device back
          list         what is attached and mounted, and how it is; --watch: live
          restart      a new process for what is attached; its mounts stay
          serve        serve objects, URLs or files as NBD exports
          info         show what an object, URL, file or NBD server holds
          verify       read all of it and compare it with its checksums
          dev-s3       serve a folder as an S3 endpoint, for demos and tests
          install-systemd  a service for each mount, and lines of /etc/fstab
          completions  print the completion script for bash, zsh or fish

        Options: -v (say what happens), --version, --help; 'becket COMMAND --help' for more.
        Credentials come from where the AWS CLI has them; --endpoint-url names another store.

        """;

    private const string Mount = """
        Examples:
          sudo becket mount s3://bucket/fedora.iso /mnt
          sudo becket mount s3://bucket/disk.img#2 /mnt -o noatime --cache-dir /var/cache/becket
          sudo becket mount s3://bucket/key /mnt --endpoint-url http://rgw:7480 --credentials-file ~/.aws/credentials
          becket mount --via fuse s3://bucket/disk.img ~/image       without root: the image as a file, ~/image/disk.img
          s3://bucket/fedora.iso /mnt becket ro,_netdev,nofail 0 0   a line of /etc/fstab

        """;

    private const string Umount = """
        Examples:
          sudo becket umount /mnt
          sudo becket umount --lazy /mnt     although files on it are open

        """;

    private const string Attach = """
        Examples:
          sudo becket attach s3://bucket/disk.img
          sudo becket attach --json https://host/image.raw
          dev=$(sudo becket attach ./disk.img | head -n 1); sudo fdisk -l "$dev"; sudo becket detach "$dev"

        """;

    private const string Detach = """
        Examples:
          sudo becket detach /dev/nbd0
          sudo becket detach --all

        """;

    private const string List = """
        Examples:
          becket list
          becket list --json
          becket list --watch

        """;

    private const string Restart = """
        Examples:
          sudo becket restart /mnt          after an upgrade, or when 'becket list' says that its process has died

        """;

    private const string InstallSystemd = """
        Examples:
          sudo becket install-systemd
          becket install-systemd --dry-run                print what would be written
          sudo becket install-systemd --remove
          becket install-systemd --prefix ./package       for a package: below another root

        """;

    private const string Serve = """
        Examples:
          becket serve s3://bucket/fedora.iso -U /tmp/sock
          becket serve s3://bucket/key --endpoint-url http://rgw:7480 --profile lab -p 10809
          becket serve --export iso=s3://bucket/a.iso --export disk=./disk.img
          becket serve s3://bucket/key -i 0.0.0.0 --tls-certificates /etc/pki/becket --tls-verify-peer
          becket serve --run 'qemu-img info "$uri"' https://host/image.raw
          nbdcopy -- [ becket serve -s s3://bucket/key ] disk.img

        """;

    private const string Info = """
        Examples:
          becket info s3://bucket/key
          becket info --json https://host/image.raw
          becket info nbd+unix:///?socket=/tmp/sock

        """;

    private const string Verify = """
        Examples:
          becket verify s3://bucket/key
          becket verify --sha256 $(cut -c -64 image.sha256) https://host/image.raw
          sudo becket verify --cache-dir /var/cache/becket --repair s3://bucket/key

        Exit status: 0 verified, 1 damaged or failed, 3 nothing to compare with.

        """;

    private const string DevS3 = """
        Examples:
          mkdir -p folder/bucket && cp disk.img folder/bucket/
          becket dev-s3 ./folder
          becket dev-s3 ./folder --port 9000 --access-key me --secret-key mine

        """;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (command is RootCommand)
        {
            output.Write(Program);
            return ExitCode.Success;
        }

        output.WriteLine(command.Name switch
        {
            "mount" => Mount,
            "umount" => Umount,
            "attach" => Attach,
            "detach" => Detach,
            "list" => List,
            "restart" => Restart,
            "install-systemd" => InstallSystemd,
            "serve" => Serve,
            "info" => Info,
            "verify" => Verify,
            "dev-s3" => DevS3,
            _ => "",
        });
        return inner.Invoke(parseResult);
    }
}

/// <summary><c>--version</c>.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine($"becket {ProgramVersion.Text}");
        return ExitCode.Success;
    }
}
