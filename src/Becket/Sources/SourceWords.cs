namespace Becket.Sources;

/// <summary>
/// The positional words of a command: sources, and the <c>name=value</c> parameters of nbdkit's S3 plugin, which together
/// name one source more.
/// </summary>
internal sealed record SourceWords(IReadOnlyList<DeviceSource> Sources, NbdkitParameters Parameters)
{
    /// <exception cref="CommandException">A word that is neither.</exception>
    public static SourceWords Parse(IReadOnlyCollection<string> words)
    {
        var parameters = NbdkitParameters.Parse(words.Where(NbdkitParameters.IsParameter));
        var sources = words.Where(word => !NbdkitParameters.IsParameter(word)).Select(DeviceSource.Parse).ToList();
        if (parameters.Object is { } uri)
            sources.Add(new DeviceSource.S3(uri));
        return new SourceWords(sources, parameters);
    }
}
