using System.CommandLine;
using Becket.Installing;

namespace Becket.Commands;

/// <summary>
/// <c>becket install-systemd</c>: the service template, its examples and the helper of mount(8), put in place or taken away.
/// </summary>
internal sealed class InstallSystemdCommand
{
    private const string RunningSystemd = "/run/systemd/system";

    /// <summary>Where a program is somebody's, or does not stay.</summary>
    private static readonly string[] PassingPlaces = ["/home/", "/root/", "/tmp/", "/var/tmp/", "/run/"];

    private readonly Option<string> _prefix = new("--prefix")
    {
        Description = "Install below this folder, for a package (default: /)",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the files, and write nothing" };
    private readonly Option<bool> _remove = new("--remove") { Description = "Take away what was installed; your own files stay" };

    public Command Build()
    {
        var command = new Command("install-systemd", "Install becket@.service, and mount.becket for fstab") { _prefix, _dryRun, _remove };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var output = parsed.InvocationConfiguration.Output;
        var root = Path.GetFullPath(parsed.GetValue(_prefix) ?? "/");
        var program = Environment.ProcessPath!;
        var installation = new SystemdInstallation(root, program, output);
        if (parsed.GetValue(_dryRun))
        {
            installation.Show();
            return ExitCode.Success;
        }
        if (root == "/" && !Environment.IsPrivilegedProcess)
        {
            throw new CommandException(
                "the files of systemd are root's: run it with sudo; --dry-run shows them, --prefix FOLDER writes them elsewhere");
        }

        if (parsed.GetValue(_remove))
            installation.Remove();
        else
            installation.Install();
        if (root == "/" && Directory.Exists(RunningSystemd))
            await ReloadAsync(output, cancellationToken);
        if (!parsed.GetValue(_remove))
            PrintNext(output, program);
        return ExitCode.Success;
    }

    private static async Task ReloadAsync(TextWriter output, CancellationToken cancellationToken)
    {
        var result = await SystemCommand.RunAsync("systemctl", ["daemon-reload"], cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new CommandException(
                $"everything is in place, but systemd could not be told: systemctl daemon-reload: {result.Complaint}");
        }
        output.WriteLine("ran        systemctl daemon-reload");
    }

    private static void PrintNext(TextWriter output, string program)
    {
        output.WriteLine();
        if (PassingPlaces.Any(place => program.StartsWith(place, StringComparison.Ordinal)))
        {
            output.WriteLine(
                $"{program} may not stay where it is, and root will run it: put it into /usr/local/bin and do this again from there.");
        }
        output.Write("""
            Next, either of them:
              a service:        cp /etc/becket/example.conf /etc/becket/NAME.conf, change it, systemctl enable --now becket@NAME
              a line of fstab:  s3://bucket/fedora.iso /mnt becket ro,_netdev,nofail,credentials-file=/etc/becket/NAME.aws 0 0
                                then systemctl daemon-reload and mount /mnt

            """);
    }
}
