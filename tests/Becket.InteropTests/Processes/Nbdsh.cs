namespace Becket.InteropTests.Processes;

/// <summary>nbdsh: libnbd one call at a time, in Python; the script finds a handle <c>h</c> that is not yet connected.</summary>
public static class Nbdsh
{
    /// <summary>Runs a script, which has to end well; <paramref name="environment"/> goes to it and to servers that it starts.</summary>
    public static Task RunAsync(
        string script, CancellationToken cancellationToken, params IReadOnlyList<(string Name, string? Value)> environment)
    {
        Tool.Require("nbdsh");
        // nbdsh starts the first python3 in the PATH; the module it needs belongs to the system's own, whatever nbd.py lies in
        // the working folder.
        return new Command("nbdsh", "-c", script)
        {
            Environment = [.. environment, ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("PYTHONSAFEPATH", "1")],
        }.SucceedAsync(cancellationToken);
    }
}
