using System.Net.Sockets;

namespace Becket.Nbd.Kernel;

/// <summary>The pairs of sockets that are offered to the kernel together. Disposing closes what neither it nor we have taken.</summary>
internal sealed class KernelSocketPairs : IDisposable
{
    private readonly List<KernelSocketPair> _pairs = [];

    public KernelSocketPairs(int count)
    {
        try
        {
            while (_pairs.Count < count)
                _pairs.Add(KernelSocketPair.Create());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IEnumerable<int> KernelDescriptors => _pairs.Select(pair => pair.KernelDescriptor);

    /// <summary>Our ends of those that the kernel has taken; to be asked after it has answered.</summary>
    public IReadOnlyList<Socket> TakeHeld()
    {
        foreach (var pair in _pairs)
            pair.CloseKernelEnd();

        return [.. _pairs.Where(pair => pair.IsHeldByKernel()).Select(pair => pair.TakeOurEnd())];
    }

    public void Dispose()
    {
        foreach (var pair in _pairs)
            pair.Dispose();
    }
}
