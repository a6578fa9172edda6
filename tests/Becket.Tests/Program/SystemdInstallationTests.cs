using Becket.Installing;

namespace Becket.Tests.Program;

public sealed class SystemdInstallationTests : IDisposable
{
    private const string Program = "/usr/local/bin/becket";
    private const string Service = "usr/local/lib/systemd/system/becket@.service";

    private readonly string _root = Directory.CreateTempSubdirectory("becket-test-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void What_is_installed_can_be_removed_without_a_trace()
    {
        Run(static installation => installation.Install());

        Assert.Equal(Program, new FileInfo(At("sbin/mount.becket")).LinkTarget);
        Assert.Contains($"ExecStart={Program} mount ", File.ReadAllText(At(Service)), StringComparison.Ordinal);

        Run(static installation => installation.Remove());

        Assert.Empty(Directory.GetFiles(_root, "*", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(At("etc/becket")));
    }

    [Fact]
    public void A_second_time_nothing_changes()
    {
        Run(static installation => installation.Install());

        var said = Run(static installation => installation.Install());

        Assert.All(said, static line => Assert.StartsWith("unchanged ", line, StringComparison.Ordinal));
        Assert.Equal(4, said.Length);
    }

    [Fact]
    public void The_service_and_the_link_follow_a_program_that_has_moved()
    {
        Run(static installation => installation.Install());

        new SystemdInstallation(_root, "/opt/becket", TextWriter.Null).Install();

        Assert.Equal("/opt/becket", new FileInfo(At("sbin/mount.becket")).LinkTarget);
        Assert.Contains("ExecStart=/opt/becket mount ", File.ReadAllText(At(Service)), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_were_changed_are_neither_overwritten_nor_removed()
    {
        Run(static installation => installation.Install());
        File.WriteAllText(At("etc/becket/example.conf"), "SOURCE=s3://mine/disk.img\n");

        Assert.Contains(
            Run(static installation => installation.Install()), static line => line.StartsWith("kept ", StringComparison.Ordinal));
        Run(static installation => installation.Remove());

        Assert.Equal("SOURCE=s3://mine/disk.img\n", File.ReadAllText(At("etc/becket/example.conf")));
        Assert.False(File.Exists(At("etc/becket/example.mount")));
    }

    [Fact]
    public void Another_programs_mount_helper_is_left_alone()
    {
        Directory.CreateDirectory(At("sbin"));
        File.WriteAllText(At("sbin/mount.becket"), "not ours");

        Assert.Throws<CommandException>(() => Run(static installation => installation.Install()));
        Run(static installation => installation.Remove());

        Assert.Equal("not ours", File.ReadAllText(At("sbin/mount.becket")));
    }

    [Fact]
    public void To_show_is_to_write_nothing()
    {
        var said = Run(static installation => installation.Show());

        Assert.Contains("[Service]", said);
        Assert.Contains("SOURCE=s3://bucket/fedora.iso", said);
        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    private string At(string path) => Path.Combine(_root, path);

    private string[] Run(Action<SystemdInstallation> what)
    {
        using var output = new StringWriter();
        what(new SystemdInstallation(_root, Program, output));
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
