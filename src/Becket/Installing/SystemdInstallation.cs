namespace Becket.Installing;

/// <summary>
/// Puts Becket's files for systemd below a root, or takes them away, and says what it did, a line each. Doing it twice changes
/// nothing; what an administrator has written is neither overwritten nor deleted.
/// </summary>
/// <param name="root">The folder that stands for <c>/</c>.</param>
/// <param name="program">The program's full path, as it will be.</param>
/// <param name="output">Is told.</param>
internal sealed class SystemdInstallation(string root, string program, TextWriter output)
{
    private const UnixFileMode ForAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly SystemdFile _service = SystemdFiles.Service(
        program, System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeCompiled ? Compilation.JustInTime : Compilation.AheadOfTime);

    /// <summary>Prints every file as it would be.</summary>
    public void Show()
    {
        foreach (var file in (SystemdFile[])[_service, .. SystemdFiles.Examples])
        {
            output.WriteLine($"### {PathOf(file)}");
            output.WriteLine(file.Text);
        }
        output.WriteLine($"### {Link} -> {program}");
    }

    public void Install()
    {
        PutLink();
        Put(_service, FileOwner.Becket);
        foreach (var example in SystemdFiles.Examples)
            Put(example, FileOwner.Administrator);
    }

    public void Remove()
    {
        if (IsOurLink)
            Delete(Link);
        else
            output.WriteLine($"not there  {Link}");
        Delete(_service, FileOwner.Becket);
        foreach (var example in SystemdFiles.Examples)
            Delete(example, FileOwner.Administrator);
        var configuration = Path.Combine(root, "etc/becket");
        if (Directory.Exists(configuration) && Directory.GetFileSystemEntries(configuration).Length == 0)
            Directory.Delete(configuration);
    }

    private string Link => Path.Combine(root, SystemdFiles.HelperLink);

    /// <summary>One that leads to a becket anywhere: another version's, or one that was moved.</summary>
    private bool IsOurLink => new FileInfo(Link).LinkTarget is { } target && Path.GetFileName(target) == Path.GetFileName(program);

    private string PathOf(SystemdFile file) => Path.Combine(root, file.Path);

    private void PutLink()
    {
        var present = new FileInfo(Link);
        if (present.LinkTarget == program)
        {
            output.WriteLine($"unchanged  {Link} -> {program}");
            return;
        }
        if (present.LinkTarget is null ? present.Exists : !IsOurLink)
            throw new CommandException($"{Link} is there already and not becket's; move it away first");
        Directory.CreateDirectory(Path.GetDirectoryName(Link)!);
        File.Delete(Link);
        File.CreateSymbolicLink(Link, program);
        output.WriteLine($"linked     {Link} -> {program}");
    }

    private void Put(SystemdFile file, FileOwner owner)
    {
        var path = PathOf(file);
        var present = File.Exists(path) ? File.ReadAllText(path) : null;
        if (present == file.Text)
        {
            output.WriteLine($"unchanged  {path}");
            return;
        }
        if (present is not null && owner == FileOwner.Administrator)
        {
            output.WriteLine($"kept       {path}: it has been changed");
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, file.Text);
        File.SetUnixFileMode(path, ForAll);
        output.WriteLine($"wrote      {path}");
    }

    private void Delete(SystemdFile file, FileOwner owner)
    {
        var path = PathOf(file);
        if (!File.Exists(path))
            output.WriteLine($"not there  {path}");
        else if (owner == FileOwner.Administrator && File.ReadAllText(path) != file.Text)
            output.WriteLine($"kept       {path}: it has been changed");
        else
            Delete(path);
    }

    private void Delete(string path)
    {
        File.Delete(path);
        output.WriteLine($"removed    {path}");
    }
}

/// <summary>Whose a file is once it is installed.</summary>
internal enum FileOwner
{
    Becket,
    Administrator,
}
