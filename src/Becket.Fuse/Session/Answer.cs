namespace Becket.Fuse.Session;

/// <summary>What is replied: an error, or so many bytes of the buffer that the answer was written into.</summary>
internal readonly record struct Answer(Errno Error, int Length)
{
    public static Answer Done { get; } = new(Errno.None, 0);

    public static implicit operator Answer(Errno error) => new(error, 0);

    public static Answer Of(int length) => new(Errno.None, length);
}
